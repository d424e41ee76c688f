-- Or the row is dropped, if the job is told so.
SET 'table.exec.sink.not-null-enforcer' = 'DROP';
CREATE TABLE t (id STRING, n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"id": "a", "n": 1}
--  {"id": "b"}
--  {"n": 3}

CREATE TABLE o (id STRING, n INT NOT NULL) WITH ('connector' = 'filesystem', 'path' = '${dir}/o', 'format' = 'json');

INSERT INTO o SELECT id, n FROM t;
SELECT * FROM o;
--out sorted
--  +I	a	1
--  +I	<NULL>	3
