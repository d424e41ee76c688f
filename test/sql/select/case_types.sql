-- The branches of a CASE agree on a type.
CREATE TABLE t (n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"n": 1}
--  {"n": 2}
--  {"n": 3}
--  {}

SELECT CASE WHEN n = 1 THEN n WHEN n = 2 THEN 2.5 END AS d,
  CASE n WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE CAST(n AS STRING) END AS s,
  CASE WHEN n > 1 THEN CAST(n AS BIGINT) * 3000000000 ELSE 0 END AS b,
  CASE WHEN n IS NULL THEN TIMESTAMP '2026-01-01 00:00:00' END AS t FROM t;
--out
--  +I	1.0	one	0	<NULL>
--  +I	2.5	two	6000000000	<NULL>
--  +I	<NULL>	3	9000000000	<NULL>
--  +I	<NULL>	<NULL>	0	2026-01-01 00:00:00
