-- Arrays, maps and rows: made, looked into, cast, compared.
-- Unconfirmed: not yet run on Flink; what the functions answer are its own tests' cases.
CREATE TABLE t (n INT, s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"n": 1, "s": "a,b"}
--  {"n": 3, "s": "c"}
--  {"s": ""}
--  {"n": 2}

SELECT ARRAY[n, 2, 1] AS a, MAP['k', n] AS m, ROW(n, s) AS r, ARRAY[n, 2][1] AS e, MAP['k', n]['k'] AS v, CAST(ROW(n, s) AS ROW<x BIGINT, y STRING>).y AS f FROM t;
--out
--  +I	[1, 2, 1]	{k=1}	(1, a,b)	1	1	a,b
--  +I	[3, 2, 1]	{k=3}	(3, c)	3	3	c
--  +I	[NULL, 2, 1]	{k=NULL}	(NULL, )	<NULL>	<NULL>	
--  +I	[2, 2, 1]	{k=2}	(2, NULL)	2	2	<NULL>

SELECT ARRAY_SORT(ARRAY[n, 2, 1]) AS s, ARRAY_MAX(ARRAY[n, 2]) AS mx, ARRAY_DISTINCT(ARRAY[n, 2, n]) AS d, ARRAY_CONTAINS(ARRAY[n, 2], n) AS c, SPLIT(s, ',') AS p,
  ARRAY_JOIN(SPLIT(s, ','), '-') AS j, CARDINALITY(SPLIT(s, ',')) AS k, ARRAY_EXCEPT(ARRAY[n, 2], ARRAY[2]) AS x FROM t;
--out
--  +I	[1, 1, 2]	2	[1, 2]	TRUE	[a, b]	a-b	2	[1]
--  +I	[1, 2, 3]	3	[3, 2]	TRUE	[c]	c	1	[3]
--  +I	[NULL, 1, 2]	2	[NULL, 2]	TRUE	[]		0	[NULL]
--  +I	[1, 2, 2]	2	[2]	TRUE	<NULL>	<NULL>	<NULL>	[]

SELECT CAST(ARRAY[n, 2] AS ARRAY<STRING>) AS a, ARRAY[n] = ARRAY[1] AS b, CASE WHEN n > 1 THEN ARRAY[n] ELSE ARRAY[0] END AS c, COALESCE(IF(n = 1, MAP['x', 1], CAST(NULL AS MAP<STRING, INT>)), MAP['y', 2]) AS d,
  REGEXP_EXTRACT_ALL(s, '[a-z]', 0) AS e, STR_TO_MAP('a=1,b')['b'] AS f, JSON_STRING(ARRAY[n, 2]) AS g, JSON_QUERY('[1, "x", {"b": 1}]', '$' RETURNING ARRAY<STRING>) AS h FROM t;
--out
--  +I	[1, 2]	TRUE	[0]	{x=1}	[a, b]	<NULL>	[1,2]	[1, x, {"b":1}]
--  +I	[3, 2]	FALSE	[3]	{y=2}	[c]	<NULL>	[3,2]	[1, x, {"b":1}]
--  +I	[NULL, 2]	FALSE	[0]	{y=2}	[]	<NULL>	[null,2]	[1, x, {"b":1}]
--  +I	[2, 2]	FALSE	[2]	{y=2}	<NULL>	<NULL>	[2,2]	[1, x, {"b":1}]
