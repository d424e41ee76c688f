-- CUBE and ROLLUP; a key that is aggregated, too.
CREATE TABLE t (k STRING, s STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "s": "x", "v": 1}
--  {"k": "b", "s": "y", "v": 5}
--  {"k": "a", "s": null, "v": 2}
--  {"k": "a", "s": "x", "v": 1}
--  {"k": null, "s": "z", "v": null}
--  {"k": "b", "s": "yy", "v": 4}

SELECT k, v, COUNT(*) AS c, SUM(v) AS s FROM t GROUP BY CUBE (k, v);
--out sorted
--  +I	a	1	1	1
--  +I	<NULL>	1	1	1
--  +I	a	<NULL>	1	1
--  +I	<NULL>	<NULL>	1	1
--  +I	b	5	1	5
--  +I	<NULL>	5	1	5
--  +I	b	<NULL>	1	5
--  -U	<NULL>	<NULL>	1	1
--  +U	<NULL>	<NULL>	2	6
--  +I	a	2	1	2
--  +I	<NULL>	2	1	2
--  -U	a	<NULL>	1	1
--  +U	a	<NULL>	2	3
--  -U	<NULL>	<NULL>	2	6
--  +U	<NULL>	<NULL>	3	8
--  -U	a	1	1	1
--  +U	a	1	2	2
--  -U	<NULL>	1	1	1
--  +U	<NULL>	1	2	2
--  -U	a	<NULL>	2	3
--  +U	a	<NULL>	3	4
--  -U	<NULL>	<NULL>	3	8
--  +U	<NULL>	<NULL>	4	9
--  +I	<NULL>	<NULL>	1	<NULL>
--  +I	<NULL>	<NULL>	1	<NULL>
--  +I	<NULL>	<NULL>	1	<NULL>
--  -U	<NULL>	<NULL>	4	9
--  +U	<NULL>	<NULL>	5	9
--  +I	b	4	1	4
--  +I	<NULL>	4	1	4
--  -U	b	<NULL>	1	5
--  +U	b	<NULL>	2	9
--  -U	<NULL>	<NULL>	5	9
--  +U	<NULL>	<NULL>	6	13

SELECT k, v, MAX(k) AS c FROM t GROUP BY ROLLUP (k, v) HAVING GROUPING(v) = 1;
--out sorted
--  +I	a	<NULL>	a
--  +I	<NULL>	<NULL>	a
--  +I	b	<NULL>	b
--  -U	<NULL>	<NULL>	a
--  +U	<NULL>	<NULL>	b
--  +I	<NULL>	<NULL>	<NULL>
