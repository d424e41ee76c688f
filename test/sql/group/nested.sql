-- An aggregation of an aggregation is not for a changelog yet; in batch mode it is.
-- Flink differs: it retracts.
CREATE TABLE t (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "v": 1}
--  {"k": "b", "v": 5}

SELECT s, COUNT(*) AS n FROM (SELECT k, SUM(v) AS s FROM t GROUP BY k) GROUP BY s;
--error not supported
