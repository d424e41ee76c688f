-- NULL in a column that is NOT NULL ends the job.
CREATE TABLE t (id STRING, n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"id": "a", "n": 1}
--  {"id": "b"}

CREATE TABLE o (id STRING, n INT NOT NULL) WITH ('connector' = 'filesystem', 'path' = '${dir}/o', 'format' = 'json');

INSERT INTO o SELECT id, n FROM t;
--error "n"
