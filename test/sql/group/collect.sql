-- Aggregates that hold their values.
CREATE TABLE t (k STRING, s STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "s": "x", "v": 1}
--  {"k": "b", "s": "y", "v": 5}
--  {"k": "a", "s": null, "v": 2}
--  {"k": "a", "s": "x", "v": 1}
--  {"k": null, "s": "z", "v": null}
--  {"k": "b", "s": "yy", "v": 4}

SELECT k, COLLECT(s) AS c, LISTAGG(s, ';') AS l, LISTAGG(DISTINCT s) AS d, ARRAY_AGG(s) AS a, ARRAY_AGG(v) AS n
FROM t GROUP BY k;
--out
--  +I	a	{x=1}	x	x	[x]	[1]
--  +I	b	{y=1}	y	y	[y]	[5]
--  -U	a	{x=1}	x	x	[x]	[1]
--  +U	a	{x=1}	x	x	[x, NULL]	[1, 2]
--  -U	a	{x=1}	x	x	[x, NULL]	[1, 2]
--  +U	a	{x=2}	x;x	x	[x, NULL, x]	[1, 2, 1]
--  +I	<NULL>	{z=1}	z	z	[z]	[NULL]
--  -U	b	{y=1}	y	y	[y]	[5]
--  +U	b	{y=1, yy=1}	y;yy	y,yy	[y, yy]	[5, 4]
