-- A column that is not grouped by.
CREATE TABLE t (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');

SELECT k, v FROM t GROUP BY k;
--error v
