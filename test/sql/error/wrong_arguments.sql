-- Arguments of the wrong type.
CREATE TABLE t (n INT, b BOOLEAN)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');

SELECT b + 1 FROM t;
--error line 5
