-- UNION ALL of two filters of one table and of constants; the types meet.
CREATE TABLE t (id STRING, n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"id": "a", "n": 1}
--  {"id": "b", "n": 2}
--  {"id": "c", "n": 3}

SELECT id, n FROM t WHERE n < 3
UNION ALL SELECT id, CAST(n AS BIGINT) * 100 FROM t WHERE n > 1
UNION ALL SELECT 'z', 7;
--out sorted
--  +I	a	1
--  +I	b	2
--  +I	z	7
--  +I	b	200
--  +I	c	300
