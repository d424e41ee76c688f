-- IN and BETWEEN over columns, with NULL among the values and in the list.
CREATE TABLE t (n INT, s STRING, lo INT, hi INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"n": 1, "s": "a", "lo": 0, "hi": 3}
--  {"n": 3, "s": "b", "lo": 4, "hi": 2}
--  {"n": null, "s": null, "lo": 0, "hi": 9}
--  {"n": 5, "s": "c", "lo": 5, "hi": null}

SELECT n, n IN (1, 3) AS a, n IN (1, NULL) AS b, n NOT IN (1, 3) AS c, s IN ('a', 'c') AS d,
  n BETWEEN lo AND hi AS e, n NOT BETWEEN 1 AND 3 AS f, n BETWEEN SYMMETRIC lo AND hi AS g FROM t;
--out
--  +I	1	TRUE	TRUE	FALSE	TRUE	TRUE	FALSE	TRUE
--  +I	3	TRUE	<NULL>	FALSE	FALSE	FALSE	FALSE	TRUE
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
--  +I	5	FALSE	<NULL>	TRUE	TRUE	<NULL>	TRUE	<NULL>

SELECT n FROM t WHERE n IN (5, 1, 7) AND s <> 'zz';
--out
--  +I	1
--  +I	5
