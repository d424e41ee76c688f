-- A text that is no number ends the job.
CREATE TABLE t (s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"s": "12"}
--  {"s": "abc"}

SELECT CAST(s AS INT) AS n FROM t;
--error abc
