-- What is written can be read again: types, NULLs, quotes.
CREATE TABLE t (i INT, d DOUBLE, c DECIMAL(5, 2), s STRING, b BOOLEAN, ts TIMESTAMP(3), dt DATE, x BYTES)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"i": 1, "d": 1.5, "c": 2.5, "s": "a,\"b\"", "b": true, "ts": "2026-11-20 10:00:00.123", "dt": "2026-11-20", "x": "YWJj"}
--  {}
--  {"i": -1, "d": 1e100, "c": -0.01, "s": "", "b": false, "ts": "1969-12-31 23:59:59", "dt": "1969-12-31", "x": ""}

CREATE TABLE j (i INT, d DOUBLE, c DECIMAL(5, 2), s STRING, b BOOLEAN, ts TIMESTAMP(3), dt DATE, x BYTES)
WITH ('connector' = 'filesystem', 'path' = '${dir}/json', 'format' = 'json');
CREATE TABLE c (i INT, d DOUBLE, c DECIMAL(5, 2), s STRING, b BOOLEAN, ts TIMESTAMP(3), dt DATE)
WITH ('connector' = 'filesystem', 'path' = '${dir}/csv', 'format' = 'csv', 'csv.null-literal' = 'NULL');
CREATE TABLE lines (line STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/json', 'format' = 'raw');

INSERT INTO j SELECT * FROM t;
INSERT INTO c SELECT i, d, c, s, b, ts, dt FROM t;

SELECT * FROM j;
--out sorted
--  +I	1	1.5	2.50	a,"b"	TRUE	2026-11-20 10:00:00.123	2026-11-20	x'616263'
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
--  +I	-1	1.0E100	-0.01		FALSE	1969-12-31 23:59:59.000	1969-12-31	x''

SELECT * FROM c;
--out sorted
--  +I	1	1.5	2.50	a,"b"	TRUE	2026-11-20 10:00:00.123	2026-11-20
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
--  +I	-1	1.0E100	-0.01		FALSE	1969-12-31 23:59:59.000	1969-12-31

SELECT * FROM lines;
--out sorted
--  +I	{"i":1,"d":1.5,"c":2.5,"s":"a,\\"b\\"","b":true,"ts":"2026-11-20 10:00:00.123","dt":"2026-11-20","x":"YWJj"}
--  +I	{"i":null,"d":null,"c":null,"s":null,"b":null,"ts":null,"dt":null,"x":null}
--  +I	{"i":-1,"d":1.0E100,"c":-0.01,"s":"","b":false,"ts":"1969-12-31 23:59:59","dt":"1969-12-31","x":""}
