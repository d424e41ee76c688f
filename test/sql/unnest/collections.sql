-- UNNEST of arrays, maps and rows: each row once for every element.
CREATE VIEW t AS SELECT * FROM (VALUES
  (1, ARRAY['a', 'b'], MAP['x', 10, 'y', 20]),
  (2, ARRAY[CAST(NULL AS STRING)], MAP['z', 30]),
  (3, CAST(NULL AS ARRAY<STRING>), MAP['w', 40])) AS v(id, tags, m);

SELECT id, tag FROM t CROSS JOIN UNNEST(tags) AS u(tag);
--out
--  +I	1	a
--  +I	1	b
--  +I	2	<NULL>

SELECT id, tag FROM t LEFT JOIN UNNEST(tags) AS u(tag) ON TRUE;
--out
--  +I	1	a
--  +I	1	b
--  +I	2	<NULL>
--  +I	3	<NULL>

SELECT id, k, v FROM t, UNNEST(m) AS u(k, v) WHERE v > 15;
--out
--  +I	1	y	20
--  +I	2	z	30
--  +I	3	w	40

SELECT id, tag, n FROM t CROSS JOIN UNNEST(tags) WITH ORDINALITY AS u(tag, n);
--out
--  +I	1	a	1
--  +I	1	b	2
--  +I	2	<NULL>	1

SELECT * FROM UNNEST(ARRAY[3, 1, 2]) AS u(n);
--out
--  +I	3
--  +I	1
--  +I	2

SELECT id, a, b FROM (SELECT 7 AS id, ARRAY[ROW(1, 'one'), ROW(2, 'two')] AS rs) CROSS JOIN UNNEST(rs) AS u(a, b);
--out
--  +I	7	1	one
--  +I	7	2	two
