-- A query in FROM, nested and with a name.
CREATE TABLE t (id STRING, n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"id": "a", "n": 1}
--  {"id": "b", "n": 2}
--  {"id": "c", "n": 3}

SELECT s.id, s.m FROM (SELECT id, n * 10 AS m FROM (SELECT * FROM t WHERE n <> 2)) AS s WHERE s.m >= 10;
--out
--  +I	a	10
--  +I	c	30
