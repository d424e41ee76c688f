-- LIKE with an escape, SIMILAR TO, and regular expressions.
CREATE TABLE t (s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"s": "abc"}
--  {"s": "a_c"}
--  {"s": "100%"}
--  {"s": ""}
--  {}

SELECT s, s LIKE 'a_c' AS a, s LIKE 'a\_c' ESCAPE '\' AS b, s LIKE '%c' AS c, s NOT LIKE '%b%' AS d, s LIKE '100!%' ESCAPE '!' AS e,
  s SIMILAR TO '(a|b)%' AS f, REGEXP(s, '^[a-z]+$') AS g FROM t;
--out
--  +I	abc	TRUE	FALSE	TRUE	FALSE	FALSE	TRUE	TRUE
--  +I	a_c	TRUE	TRUE	TRUE	TRUE	FALSE	TRUE	FALSE
--  +I	100%	FALSE	FALSE	FALSE	TRUE	TRUE	FALSE	FALSE
--  +I		FALSE	FALSE	FALSE	TRUE	FALSE	FALSE	FALSE
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
