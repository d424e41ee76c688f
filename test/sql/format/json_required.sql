-- A record without a field that is NOT NULL ends the job.
CREATE TABLE t (a INT NOT NULL, b INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"a": 1}
--  {"b": 2}

SELECT * FROM t;
--error "a"
