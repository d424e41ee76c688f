-- What stands in for NULL.
CREATE TABLE t (a INT, b DOUBLE, s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"a": 1, "b": 2.5, "s": "x"}
--  {"b": 2.5, "s": ""}
--  {}

SELECT COALESCE(a, 0) AS a, COALESCE(a, b) AS ab, COALESCE(s, 'none') AS s, NULLIF(s, '') AS e, IFNULL(a, -1) AS i,
  IF(a IS NULL, 'no', 'yes') AS f, NULLIF(a, 1) AS z FROM t;
--out
--  +I	1	1.0	x	x	1	yes	<NULL>
--  +I	0	2.5		<NULL>	-1	no	<NULL>
--  +I	0	<NULL>	none	<NULL>	-1	no	<NULL>
