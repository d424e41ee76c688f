-- Batch mode gives each group once, whatever the aggregates.
CREATE TABLE t (k STRING, s STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "s": "x", "v": 1}
--  {"k": "b", "s": "y", "v": 5}
--  {"k": "a", "s": null, "v": 2}
--  {"k": "a", "s": "x", "v": 1}
--  {"k": null, "s": "z", "v": null}
--  {"k": "b", "s": "yy", "v": 4}

SET 'execution.runtime-mode' = 'batch';
SELECT k, COUNT(DISTINCT s) AS d, SUM(DISTINCT v) AS s, LISTAGG(s) AS l, FIRST_VALUE(v) AS f, MAX(s) AS m
FROM t GROUP BY k;
--out sorted
--  +I	a	1	3	x,x	1	x
--  +I	b	2	9	y,yy	5	yy
--  +I	<NULL>	1	<NULL>	z	<NULL>	z

SELECT k, COUNT(*) AS c, MAX(v) AS m FROM t GROUP BY ROLLUP (k);
--out sorted
--  +I	a	3	2
--  +I	<NULL>	6	5
--  +I	b	2	5
--  +I	<NULL>	1	<NULL>

SELECT APPROX_COUNT_DISTINCT(v) AS a, COUNT(*) AS c FROM t;
--out
--  +I	4	6
