-- LATERAL: a query in FROM that asks in its WHERE for columns of what stands before it.
CREATE TABLE e (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"k": "a", "v": 1}
--  {"k": "a", "v": 2}
--  {"k": "b", "v": 32}
--  {"v": 7}
CREATE TABLE d (k STRING, x INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/d.jsonl', 'format' = 'json');
--file d.jsonl
--  {"k": "a", "x": 2}
--  {"k": "a", "x": 8}
--  {"k": "c", "x": 3}
--  {"x": 9}

SELECT e.v, t.x FROM e, LATERAL (SELECT x FROM d WHERE d.k = e.k) AS t;
--out folded
--  +I	1	2
--  +I	1	8
--  +I	2	2
--  +I	2	8

SELECT e.v, t.x FROM e LEFT JOIN LATERAL (SELECT x FROM d WHERE d.k = e.k) AS t ON TRUE;
--out folded
--  +I	1	2
--  +I	1	8
--  +I	2	2
--  +I	2	8
--  +I	32	<NULL>
--  +I	7	<NULL>

SELECT e.v, t.x FROM e LEFT JOIN LATERAL (SELECT x FROM d WHERE d.k = e.k) AS t ON t.x > 2;
--out folded
--  +I	1	8
--  +I	2	8
--  +I	32	<NULL>
--  +I	7	<NULL>

SELECT e.v, t.x FROM e JOIN LATERAL (SELECT x FROM d WHERE d.k = e.k) AS t ON e.v * 4 = t.x;
--out folded
--  +I	2	8

SELECT e.v, t.x, e.k FROM e, LATERAL (SELECT x FROM d WHERE d.x < e.v) AS t;
--out folded
--  +I	32	2	b
--  +I	32	3	b
--  +I	32	8	b
--  +I	32	9	b
--  +I	7	2	<NULL>
--  +I	7	3	<NULL>

SELECT e.v, t.n FROM e, LATERAL (SELECT COUNT(*) AS n FROM d WHERE d.k = e.k) AS t;
--out folded
--  +I	1	2
--  +I	2	2

SELECT e.v, t.n FROM e, LATERAL (SELECT MAX(x) AS n FROM d WHERE d.k = e.k GROUP BY d.k) AS t;
--out folded
--  +I	1	8
--  +I	2	8

SELECT e.v, t.n FROM e, LATERAL (SELECT x + e.v AS n FROM d WHERE d.k = e.k) AS t;
--out folded
--  +I	1	3
--  +I	1	9
--  +I	2	10
--  +I	2	4

SELECT e.v, t.x FROM e, LATERAL (SELECT DISTINCT x FROM d WHERE d.k = e.k) AS t;
--out folded
--  +I	1	2
--  +I	1	8
--  +I	2	2
--  +I	2	8

SELECT v, x FROM e, LATERAL (SELECT x FROM d WHERE x > 2) AS t;
--out folded
--  +I	1	3
--  +I	1	8
--  +I	1	9
--  +I	2	3
--  +I	2	8
--  +I	2	9
--  +I	32	3
--  +I	32	8
--  +I	32	9
--  +I	7	3
--  +I	7	8
--  +I	7	9
