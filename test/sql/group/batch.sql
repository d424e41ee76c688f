-- In batch mode each group answers once, at the end; an aggregation over nothing has one row.
SET 'execution.runtime-mode' = 'batch';
CREATE TABLE t (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "v": 1}
--  {"k": "b", "v": 5}
--  {"k": "a", "v": 3}
--  {"k": null, "v": 2}

SELECT k, COUNT(*) AS n, SUM(v) AS s, MAX(v) AS m FROM t GROUP BY k;
--out sorted
--  +I	a	2	4	3
--  +I	b	1	5	5
--  +I	<NULL>	1	2	2

SELECT COUNT(*) AS n, SUM(v) AS s FROM t WHERE v > 100;
--out
--  +I	0	<NULL>

SELECT DISTINCT v > 2 AS big FROM t;
--out sorted
--  +I	FALSE
--  +I	TRUE
