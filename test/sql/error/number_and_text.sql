-- A number is not compared with text.
CREATE TABLE t (n INT, s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');

SELECT n = s FROM t;
--error line 5
