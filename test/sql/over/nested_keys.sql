-- PARTITION BY columns with values inside.
CREATE TABLE n (id INT, a ARRAY<INT>, r ROW<x INT, y STRING>, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = '${dir}/n.jsonl', 'format' = 'json');
--file n.jsonl
--  {"id":1,"a":[1,2],"r":{"x":1,"y":"p"},"ts":"2020-01-01 00:00:01"}
--  {"id":2,"a":[1],"r":{"x":1,"y":"p"},"ts":"2020-01-01 00:00:02"}
--  {"id":3,"a":[1,2],"r":{"x":1,"y":null},"ts":"2020-01-01 00:00:03"}
--  {"id":4,"a":null,"r":null,"ts":"2020-01-01 00:00:04"}
--  {"id":5,"a":[1,2],"r":{"x":1,"y":null},"ts":"2020-01-01 00:00:05"}
--  {"id":6,"a":null,"r":{"x":1,"y":"p"},"ts":"2020-01-01 00:00:06"}

SELECT id, SUM(id) OVER (PARTITION BY a ORDER BY ts), COUNT(*) OVER (PARTITION BY a ORDER BY ts) FROM n;
--out sorted
--  +I	1	1	1
--  +I	2	2	1
--  +I	3	4	2
--  +I	4	4	1
--  +I	5	9	3
--  +I	6	10	2

SELECT id, SUM(id) OVER (PARTITION BY r ORDER BY ts) FROM n;
--out sorted
--  +I	1	1
--  +I	2	3
--  +I	3	3
--  +I	4	4
--  +I	5	8
--  +I	6	9

SELECT id, a FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY r ORDER BY id DESC) AS rn FROM n) WHERE rn = 1;
--out folded
--  +I	4	<NULL>
--  +I	5	[1, 2]
--  +I	6	<NULL>
