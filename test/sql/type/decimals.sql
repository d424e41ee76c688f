-- Precision and scale of answers, rounding half up, what does not fit is NULL.
CREATE TABLE t (a DECIMAL(10, 2), b DECIMAL(5, 3))
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"a": 12.34, "b": 1.005}
--  {"a": "-0.5", "b": 99.999}
--  {"a": 99999999.99, "b": 0.001}
--  {}

SELECT a, b, a + b AS s, a - b AS m, a * b AS p, a / b AS q, -a AS n, MOD(a, b) AS r FROM t;
--out
--  +I	12.34	1.005	13.345	11.335	12.40170	12.27860697	-12.34	0.280
--  +I	-0.50	99.999	99.499	-100.499	-49.99950	-0.00500005	0.50	-0.500
--  +I	99999999.99	0.001	99999999.991	99999999.989	99999.99999	99999999990.00000000	-99999999.99	0.000
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>

SELECT CAST(a AS DECIMAL(6, 1)) AS c, CAST(a AS INT) AS i, CAST(a AS DOUBLE) AS d, ROUND(a, 1) AS r, CEIL(a) AS u, FLOOR(a) AS f, a > b AS g FROM t;
--out
--  +I	12.3	12	12.34	12.3	13	12	TRUE
--  +I	-0.5	0	-0.5	-0.5	0	-1	FALSE
--  +I	<NULL>	99999999	9.999999999E7	100000000.0	100000000	99999999	TRUE
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>

SELECT 1.1 + 2.22 AS x, 10.0 / 3 AS y, 1e0 / 3 AS z, 2 * 1.50 AS w, 100 * 0.01 AS v;
--out
--  +I	3.32	3.333333333333	0.3333333333333333	3.00	1.00
