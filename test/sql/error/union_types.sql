-- Columns that have no common type.
CREATE TABLE t (n INT, b BOOLEAN)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');

SELECT n FROM t UNION ALL SELECT b FROM t;
--error line 5
