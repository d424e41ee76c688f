-- DISTINCT aggregates, also with FILTER.
CREATE TABLE t (k STRING, s STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "s": "x", "v": 1}
--  {"k": "b", "s": "y", "v": 5}
--  {"k": "a", "s": null, "v": 2}
--  {"k": "a", "s": "x", "v": 1}
--  {"k": null, "s": "z", "v": null}
--  {"k": "b", "s": "yy", "v": 4}

SELECT k, COUNT(DISTINCT s) AS d, SUM(DISTINCT v) AS s, COUNT(DISTINCT v) FILTER (WHERE s IS NOT NULL) AS f, AVG(DISTINCT v) AS a
FROM t GROUP BY k;
--out
--  +I	a	1	1	1	1
--  +I	b	1	5	1	5
--  -U	a	1	1	1	1
--  +U	a	1	3	1	1
--  +I	<NULL>	1	<NULL>	0	<NULL>
--  -U	b	1	5	1	5
--  +U	b	2	9	2	4
