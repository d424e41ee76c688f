-- A number in GROUP BY is a constant, not the place of a column.
CREATE TABLE t (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');

SELECT k, SUM(v) AS s FROM t GROUP BY 1;
--error GROUP BY 1
