-- Aggregates that make JSON.
CREATE TABLE t (k STRING, s STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "s": "x", "v": 1}
--  {"k": "b", "s": "y", "v": 5}
--  {"k": "a", "s": null, "v": 2}
--  {"k": "a", "s": "x", "v": 1}
--  {"k": null, "s": "z", "v": null}
--  {"k": "b", "s": "yy", "v": 4}

SELECT k, JSON_ARRAYAGG(s) AS a, JSON_ARRAYAGG(s NULL ON NULL) AS n, JSON_ARRAYAGG(JSON_OBJECT('v' VALUE v)) AS j
FROM t GROUP BY k;
--out sorted
--  +I	a	["x"]	["x"]	[{"v":1}]
--  +I	b	["y"]	["y"]	[{"v":5}]
--  -U	a	["x"]	["x"]	[{"v":1}]
--  +U	a	["x"]	["x",null]	[{"v":1},{"v":2}]
--  -U	a	["x"]	["x",null]	[{"v":1},{"v":2}]
--  +U	a	["x","x"]	["x",null,"x"]	[{"v":1},{"v":2},{"v":1}]
--  +I	<NULL>	["z"]	["z"]	[{"v":null}]
--  -U	b	["y"]	["y"]	[{"v":5}]
--  +U	b	["y","yy"]	["y","yy"]	[{"v":5},{"v":4}]

SELECT JSON_OBJECTAGG(KEY s VALUE v) AS o FROM (SELECT COALESCE(s, '-') AS s, MAX(v) AS v FROM t GROUP BY COALESCE(s, '-'));
--out folded
--  +I	{"x":1}
--  -U	{"x":1}
--  +U	{"x":1,"y":5}
--  -U	{"x":1,"y":5}
--  +U	{"-":2,"x":1,"y":5}
--  -U	{"-":2,"x":1,"y":5}
--  +U	{"-":2,"x":1,"y":5,"z":null}
--  -U	{"-":2,"x":1,"y":5,"z":null}
--  +U	{"-":2,"x":1,"y":5,"yy":4,"z":null}
