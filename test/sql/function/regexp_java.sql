-- What RE2 has not: look-around, back-references, possessive quantifiers, classes cut with &&, \Q…\E.
-- Unconfirmed: not yet run on Flink; the expressions were held against Java's (sql/function/testdata).
CREATE TABLE t (s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"s": "price: 12 EUR, tax 3 EUR"}
--  {"s": "abab [x] \n"}
--  {}

SELECT REGEXP_EXTRACT(s, '\d+(?= EUR)') AS a, REGEXP_EXTRACT(s, '(?<=tax )\d+') AS b, REGEXP(s, '(ab)\1') AS c,
  REGEXP_REPLACE(s, '[a-z&&[^aeiou]]++', '_') AS d, REGEXP_COUNT(s, '\Q[x]\E') AS e, REGEXP(s, '\s$') AS f, REGEXP(s, '[') AS g, REGEXP_SUBSTR(s, '(?i)EUR|X') AS h FROM t;
--out
--  +I	12	3	FALSE	_i_e: 12 EUR, _a_ 3 EUR	0	FALSE	FALSE	EUR
--  +I	<NULL>	<NULL>	TRUE	a_a_ [_] \n	1	TRUE	FALSE	x
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
