-- Widths, overflow as in Java, division towards zero, the sign of a remainder.
CREATE TABLE t (a TINYINT, b SMALLINT, c INT, d BIGINT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"a": 127, "b": 32767, "c": 2147483647, "d": 9223372036854775807}
--  {"a": -128, "b": -32768, "c": -2147483648, "d": -9223372036854775808}
--  {"a": -7, "b": 7, "c": -7, "d": 7}

SELECT a + CAST(1 AS TINYINT) AS a, b + CAST(1 AS SMALLINT) AS b, c + 1 AS c, d + 1 AS d, -c AS nc, ABS(c) AS ac FROM t;
--out
--  +I	-128	-32768	-2147483648	-9223372036854775808	-2147483647	2147483647
--  +I	-127	-32767	-2147483647	-9223372036854775807	-2147483648	-2147483648
--  +I	-6	8	-6	8	7	7

SELECT c / 2 AS q, MOD(c, 3) AS m, c % 3 AS p, a + c AS ac, a * d AS ad FROM t WHERE d = 7;
--out
--  +I	-3	-1	-1	-14	-49
