-- Text forms of DOUBLE and FLOAT are Java's; dividing by zero is infinite.
CREATE TABLE t (d DOUBLE, f FLOAT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"d": 1, "f": 1}
--  {"d": 0.1, "f": 0.1}
--  {"d": 1e10, "f": 1e10}
--  {"d": 123456.125, "f": 16777217}
--  {"d": 1e-5, "f": 1e-5}
--  {"d": -0.0, "f": 3.4e38}
--  {"d": 1.7976931348623157e308, "f": 1e-37}

SELECT d, f, d + 0.2e0 AS p, d / 0e0 AS z, f * 2 AS f2, f + d AS fd, CAST(d AS FLOAT) AS df FROM t;
--out
--  +I	1.0	1.0	1.2	Infinity	2.0	2.0	1.0
--  +I	0.1	0.1	0.30000000000000004	Infinity	0.2	0.2	0.1
--  +I	1.0E10	1.0E10	1.00000000002E10	Infinity	2.0E10	2.0E10	1.0E10
--  +I	123456.125	1.6777216E7	123456.325	Infinity	3.3554432E7	1.6900672E7	123456.125
--  +I	1.0E-5	1.0E-5	0.20001000000000002	Infinity	2.0E-5	2.0E-5	1.0E-5
--  +I	-0.0	3.4E38	0.2	NaN	Infinity	3.4E38	-0.0
--  +I	1.7976931348623157E308	1.0E-37	1.7976931348623157E308	Infinity	2.0E-37	Infinity	Infinity
