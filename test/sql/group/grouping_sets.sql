-- GROUPING SETS, and which keys a row is grouped by.
CREATE TABLE t (k STRING, s STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "s": "x", "v": 1}
--  {"k": "b", "s": "y", "v": 5}
--  {"k": "a", "s": null, "v": 2}
--  {"k": "a", "s": "x", "v": 1}
--  {"k": null, "s": "z", "v": null}
--  {"k": "b", "s": "yy", "v": 4}

SELECT k, s, COUNT(*) AS c, SUM(v) AS v, GROUPING(k) AS gk, GROUPING(s) AS gs, GROUPING_ID(k, s) AS g
FROM t GROUP BY GROUPING SETS ((k, s), (k), ());
--out sorted
--  +I	a	x	1	1	0	0	0
--  +I	a	<NULL>	1	1	0	1	1
--  +I	<NULL>	<NULL>	1	1	1	1	3
--  +I	b	y	1	5	0	0	0
--  +I	b	<NULL>	1	5	0	1	1
--  -U	<NULL>	<NULL>	1	1	1	1	3
--  +U	<NULL>	<NULL>	2	6	1	1	3
--  +I	a	<NULL>	1	2	0	0	0
--  -U	a	<NULL>	1	1	0	1	1
--  +U	a	<NULL>	2	3	0	1	1
--  -U	<NULL>	<NULL>	2	6	1	1	3
--  +U	<NULL>	<NULL>	3	8	1	1	3
--  -U	a	x	1	1	0	0	0
--  +U	a	x	2	2	0	0	0
--  -U	a	<NULL>	2	3	0	1	1
--  +U	a	<NULL>	3	4	0	1	1
--  -U	<NULL>	<NULL>	3	8	1	1	3
--  +U	<NULL>	<NULL>	4	9	1	1	3
--  +I	<NULL>	z	1	<NULL>	0	0	0
--  +I	<NULL>	<NULL>	1	<NULL>	0	1	1
--  -U	<NULL>	<NULL>	4	9	1	1	3
--  +U	<NULL>	<NULL>	5	9	1	1	3
--  +I	b	yy	1	4	0	0	0
--  -U	b	<NULL>	1	5	0	1	1
--  +U	b	<NULL>	2	9	0	1	1
--  -U	<NULL>	<NULL>	5	9	1	1	3
--  +U	<NULL>	<NULL>	6	13	1	1	3
