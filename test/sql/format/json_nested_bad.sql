-- A value that cannot be read inside of another fails the job.
CREATE TABLE t (r ROW<a INT, b ARRAY<INT>>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"r": {"a": 1, "b": [1, 2, "x"]}}

SELECT * FROM t;
--error b
