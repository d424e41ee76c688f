-- Rounding, roots, powers and signs.
CREATE TABLE t (d DOUBLE, n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"d": 2.5, "n": 4}
--  {"d": -2.5, "n": -7}
--  {"d": 0.0, "n": 0}
--  {}

SELECT ROUND(d) AS r, ROUND(d, 1) AS r1, FLOOR(d) AS f, CEIL(d) AS c, ABS(d) AS a, SIGN(d) AS s, SQRT(ABS(d)) AS q, POWER(d, 2) AS p, EXP(d) AS e, TRUNCATE(d, 0) AS t FROM t;
--out
--  +I	3.0	2.5	2.0	3.0	2.5	1.0	1.5811388300841898	6.25	12.182493960703473	2.0
--  +I	-3.0	-2.5	-3.0	-2.0	2.5	-1.0	1.5811388300841898	6.25	0.0820849986238988	-2.0
--  +I	0.0	0.0	0.0	0.0	0.0	0.0	0.0	0.0	1.0	0.0
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>

SELECT ABS(n) AS a, MOD(n, 3) AS m, SIGN(n) AS s, POWER(n, 2) AS p, GREATEST(n, 1, 2) AS g, LEAST(n, 1, 2) AS l, ROUND(n, -1) AS r, LN(ABS(n) + 1) AS lnn, LOG10(ABS(n) + 1) AS lg, LOG2(8) AS l2 FROM t;
--out
--  +I	4	1	1	16.0	4	1	0	1.6094379124341003	0.6989700043360189	3.0
--  +I	7	-1	-1	49.0	2	-7	-10	2.0794415416798357	0.9030899869919435	3.0
--  +I	0	0	0	0.0	2	0	0	0.0	0.0	3.0
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	3.0

SELECT PI() AS pi, SIN(0e0) AS s, COS(0e0) AS c, ATAN2(1e0, 1e0) AS a, DEGREES(PI()) AS d, RADIANS(180e0) AS r, HEX(255) AS h, BIN(5) AS b;
--out
--  +I	3.141592653589793	0.0	1.0	0.7853981633974483	180.0	3.141592653589793	FF	101
