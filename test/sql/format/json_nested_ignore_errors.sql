-- A part that cannot be read is NULL, and nothing around it.
CREATE TABLE t (id STRING, ns ARRAY<INT>, m MAP<STRING, INT>, r ROW<a INT, b ARRAY<DOUBLE>>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json', 'json.ignore-parse-errors' = 'true');
--file t.jsonl
--  {"id": "a", "ns": [1, "x", 3000000000, 5], "m": {"k": "?"}, "r": {"a": "no", "b": [1, "y"]}}
--  {"id": "b", "ns": 5, "m": "text", "r": true}
--  {"id": "c", "ns": [1, 2
--  {"id": "d", "ns": "[1]", "r": {"b": 7, "a": 1}}
--  {"id": "e", "ns": [true], "m": {"k": 1.9}}

SELECT * FROM t;
--out
--  +I	a	[1, NULL, NULL, 5]	{k=NULL}	(NULL, [1.0, NULL])
--  +I	b	<NULL>	<NULL>	<NULL>
--  +I	d	<NULL>	<NULL>	(1, NULL)
--  +I	e	[NULL]	{k=1}	<NULL>
