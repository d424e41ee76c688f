-- A record that is not JSON ends the job, if nothing else is said.
CREATE TABLE t (i INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"i": 1}
--  {"i": 2

SELECT * FROM t;
--error t.jsonl
