-- Narrowing wraps integers, floats are cut and stop at the ends; TRY_CAST gives NULL where CAST fails.
CREATE TABLE t (d DOUBLE, n BIGINT, s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"d": 300.7, "n": 300, "s": "12"}
--  {"d": -3.99, "n": 2147483648, "s": "x"}
--  {"d": 1e20, "n": -1, "s": ""}
--  {}

SELECT CAST(d AS INT) AS i, CAST(d AS BIGINT) AS l, CAST(d AS TINYINT) AS t, CAST(n AS INT) AS ni, CAST(n AS TINYINT) AS nt, CAST(n AS DOUBLE) AS nd,
  CAST(n AS BOOLEAN) AS nb, CAST(TRUE AS INT) AS b, TRY_CAST(s AS INT) AS s, CAST(d AS DECIMAL(10, 1)) AS dd FROM t;
--out
--  +I	300	300	44	300	44	300.0	TRUE	1	12	300.7
--  +I	-3	-3	-3	-2147483648	0	2.147483648E9	TRUE	1	<NULL>	-4.0
--  +I	2147483647	9223372036854775807	-1	-1	-1	-1.0	TRUE	1	<NULL>	<NULL>
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	1	<NULL>	<NULL>
