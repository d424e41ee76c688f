-- IS DISTINCT FROM takes NULL for a value, <> does not.
CREATE TABLE t (a INT, b INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"a": 1, "b": 1}
--  {"a": 1, "b": 2}
--  {"a": 1}
--  {}

SELECT a, b, a <> b AS ne, a IS DISTINCT FROM b AS d, a IS NOT DISTINCT FROM b AS nd FROM t;
--out
--  +I	1	1	FALSE	FALSE	TRUE
--  +I	1	2	TRUE	TRUE	FALSE
--  +I	1	<NULL>	<NULL>	TRUE	FALSE
--  +I	<NULL>	<NULL>	<NULL>	FALSE	TRUE
