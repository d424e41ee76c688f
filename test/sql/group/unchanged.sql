-- An answer that stays is not repeated, also when NULLs come.
CREATE TABLE t (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a"}
--  {"k": "a"}
--  {"k": "a", "v": 1}
--  {"k": "a", "v": 1}
--  {"k": "a"}
--  {"k": "a", "v": 0}

SELECT k, MIN(v) AS m, COUNT(v) > 1 AS many FROM t GROUP BY k;
--out
--  +I	a	<NULL>	FALSE
--  -U	a	<NULL>	FALSE
--  +U	a	1	FALSE
--  -U	a	1	FALSE
--  +U	a	1	TRUE
--  -U	a	1	TRUE
--  +U	a	0	TRUE
