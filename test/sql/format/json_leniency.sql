-- JSON as it comes: numbers in quotes, text that is a number, objects as text, fields missing or too many.
CREATE TABLE t (i INT, d DOUBLE, b BOOLEAN, s STRING, c DECIMAL(6, 2), l BIGINT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"i": "12", "d": "1.5", "b": "true", "s": 42, "c": "3.14159", "l": 1e3}
--  {"i": 1.9, "d": 3, "b": "yes", "s": 1.50, "c": 2, "l": "  7 "}
--  {"s": {"a": [1, 2], "b": null}, "b": 1}
--  {"s": [1,  2, "x"], "b": false}
--  {"s": true, "other": {"i": 1}}
--  {"I": 5}
--  {}

SELECT * FROM t;
--out
--  +I	12	1.5	TRUE	42	3.14	1000
--  +I	1	3.0	FALSE	1.50	2.00	7
--  +I	<NULL>	<NULL>	FALSE	{"a":[1,2],"b":null}	<NULL>	<NULL>
--  +I	<NULL>	<NULL>	FALSE	[1,2,"x"]	<NULL>	<NULL>
--  +I	<NULL>	<NULL>	<NULL>	true	<NULL>	<NULL>
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
