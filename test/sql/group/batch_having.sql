-- Batch mode over several aggregates and a HAVING.
SET 'execution.runtime-mode' = 'batch';
CREATE TABLE t (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "v": 1}
--  {"k": "b", "v": 5}
--  {"k": "a", "v": 3}
--  {"k": "c", "v": 9}

SELECT k, SUM(v) AS s, AVG(v) AS a, COUNT(*) FILTER (WHERE v > 2) AS big FROM t GROUP BY k HAVING SUM(v) BETWEEN 4 AND 8;
--out sorted
--  +I	a	4	2	1
--  +I	b	5	5	1
