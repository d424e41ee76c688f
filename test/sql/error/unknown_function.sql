-- A function that is not there.
CREATE TABLE t (n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');

SELECT UPER(n) FROM t;
--error UPER
