-- Numbers at their ends, exponents, and DECIMALs that are cut.
CREATE TABLE t (b TINYINT, s SMALLINT, l BIGINT, d DOUBLE, f FLOAT, c DECIMAL(20, 10))
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"b": 127, "s": -32768, "l": 9223372036854775807, "d": 1e308, "f": 3.4e38, "c": 1234567890.0123456789}
--  {"b": -128, "s": 32767, "l": -9223372036854775808, "d": 2.2250738585072014e-308, "f": 1e-37, "c": 0.00000000005}
--  {"b": "1", "s": null, "l": 3.99, "d": 1E+2, "f": "NaN", "c": "1e3"}
--  {"c": 12345678901.5}

SELECT * FROM t;
--out
--  +I	127	-32768	9223372036854775807	1.0E308	3.4E38	1234567890.0123456789
--  +I	-128	32767	-9223372036854775808	2.2250738585072014E-308	1.0E-37	0.0000000001
--  +I	1	<NULL>	3	100.0	NaN	1000.0000000000
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
