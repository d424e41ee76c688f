-- An aggregate in WHERE.
CREATE TABLE t (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');

SELECT k FROM t WHERE SUM(v) > 1;
--error line 5
