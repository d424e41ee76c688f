-- Arrays, maps, multisets and rows, in each other, and what is inside of them.
CREATE TABLE t (id STRING, tags ARRAY<STRING>, attrs MAP<STRING, INT>, pos ROW<x DOUBLE, y DOUBLE, labels ARRAY<ROW<k STRING, v INT>>>, bag MULTISET<STRING>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"id": "a", "tags": ["x", "y"], "attrs": {"a": 1}, "pos": {"x": 1.5, "y": 2, "labels": [{"k": "p", "v": 1}, null]}, "bag": {"q": 2}}
--  {"id": "b", "tags": [], "attrs": {}, "pos": {}, "bag": {}}
--  {"id": "c"}
--  {"id": "d", "tags": [1, true, {"a": 1.50}, null, [ 1 ]], "attrs": {"z": 1, "z": 3}, "pos": {"labels": [{"v": "7", "zz": [1, {}]}, {"k": [1], "v": 8.9}]}}
--  {"id": "e", "tags": null, "attrs": null, "pos": null, "bag": null}
--  {"pos": {"y": "1e1", "x": null}, "tags": ["\u0041\n"], "id": "f", "attrs": {"\u0062": null}}

SELECT * FROM t;
--out
--  +I	a	[x, y]	{a=1}	(1.5, 2.0, [(p, 1), NULL])	{q=2}
--  +I	b	[]	{}	(NULL, NULL, NULL)	{}
--  +I	c	<NULL>	<NULL>	<NULL>	<NULL>
--  +I	d	[1, true, {"a":1.5}, NULL, [1]]	{z=3}	(NULL, NULL, [(NULL, 7), ([1], 8)])	<NULL>
--  +I	e	<NULL>	<NULL>	<NULL>	<NULL>
--  +I	f	[A\n]	{b=NULL}	(NULL, 10.0, NULL)	<NULL>

SELECT id, tags[1], attrs['z'], pos.x, pos.labels[1].v, pos.labels[2].k, CARDINALITY(tags), CARDINALITY(attrs) FROM t;
--out
--  +I	a	x	<NULL>	1.5	1	<NULL>	2	1
--  +I	b	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	0	0
--  +I	c	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
--  +I	d	1	3	<NULL>	7	[1]	5	1
--  +I	e	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
--  +I	f	A\n	<NULL>	<NULL>	<NULL>	<NULL>	1	1

SELECT id, tag FROM t CROSS JOIN UNNEST(tags) AS u (tag);
--out
--  +I	a	x
--  +I	a	y
--  +I	d	1
--  +I	d	true
--  +I	d	{"a":1.5}
--  +I	d	<NULL>
--  +I	d	[1]
--  +I	f	A\n
