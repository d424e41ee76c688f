CREATE TABLE t (temperature DOUBLE)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');

SELECT temprature FROM t;
--error temprature
