-- Functions that ask about their arguments.
CREATE TABLE t (s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"s": "12"}
--  {"s": "1x"}
--  {"s": ""}
--  {}

SELECT IS_DIGIT(s) AS d, IS_ALPHA(s) AS a, IS_DECIMAL(s) AS c, s IS NULL AS n, IF(s = '12', 1, 2) AS i, NULLIF(s, '') IS NULL AS e FROM t;
--out
--  +I	TRUE	FALSE	TRUE	FALSE	1	FALSE
--  +I	FALSE	FALSE	FALSE	FALSE	2	FALSE
--  +I	FALSE	FALSE	FALSE	FALSE	2	TRUE
--  +I	FALSE	FALSE	FALSE	TRUE	2	TRUE
