-- A folder of files is one table.
CREATE TABLE t (n INT, name STRING METADATA FROM 'file.name' VIRTUAL)
WITH ('connector' = 'filesystem', 'path' = '${dir}/in', 'format' = 'json');
--file in/a.jsonl
--  {"n": 1}
--  {"n": 2}
--file in/b.jsonl
--  {"n": 3}
--file in/_skipped
--  nothing
--file in/c.jsonl
--  {"n": 4}

SELECT n, name FROM t;
--out sorted
--  +I	3	b.jsonl
--  +I	4	c.jsonl
--  +I	1	a.jsonl
--  +I	2	a.jsonl
