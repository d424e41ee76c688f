-- Too many arguments.
CREATE TABLE t (s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');

SELECT UPPER(s, s) FROM t;
--error line 5
