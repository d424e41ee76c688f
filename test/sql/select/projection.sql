-- Columns by name, by *, twice, renamed, and constants between them.
CREATE TABLE t (id STRING, n INT, `order` STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"id": "a", "n": 1, "order": "x"}
--  {"id": "b", "n": 2, "order": "y"}

SELECT * FROM t;
--out
--  +I	a	1	x
--  +I	b	2	y

SELECT n, id, n AS again, `order`, 'c' AS c, 1.5 AS d FROM t AS u;
--out
--  +I	1	a	1	x	c	1.5
--  +I	2	b	2	y	c	1.5

SELECT t.*, t.n + 1 AS m FROM t;
--out
--  +I	a	1	x	2
--  +I	b	2	y	3

SELECT id, n + 1, UPPER(id) FROM t;
--out
--  +I	a	2	A
--  +I	b	3	B
