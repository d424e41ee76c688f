CREATE TABLE t (temperature DOUBLE)
WITH ('connector' = 'filesystem', 'pat' = '${dir}/t.jsonl', 'format' = 'json');

SELECT temperature FROM t;
--error pat
