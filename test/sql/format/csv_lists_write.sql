-- What CSV writes of arrays and rows: the values with the delimiter between, in quotes where the whole needs them.
CREATE TABLE t (tags ARRAY<STRING>, ns ARRAY<DOUBLE>, r ROW<s STRING, n INT, d DECIMAL(10, 2), dt DATE>, b ARRAY<BYTES>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"tags": ["a", "b c", "d,e", "say \"x\""], "ns": [1, 2.5e10, null], "r": {"s": "s", "n": 1, "d": 1.50, "dt": "2026-11-20"}, "b": ["Af8="]}
--  {"tags": []}
--  {"tags": ["a|b", null], "ns": [1], "r": {"d": 1000}, "b": [null]}

CREATE TABLE o (tags ARRAY<STRING>, ns ARRAY<DOUBLE>, r ROW<s STRING, n INT, d DECIMAL(10, 2), dt DATE>, b ARRAY<BYTES>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/o', 'format' = 'csv', 'csv.null-literal' = '~', 'csv.array-element-delimiter' = '|');
CREATE TABLE p (tags ARRAY<STRING>, r ROW<s STRING, n INT, d DECIMAL(10, 2), dt DATE>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/p', 'format' = 'csv', 'csv.write-bigdecimal-in-scientific-notation' = 'false');
CREATE TABLE lo (line STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/o', 'format' = 'raw');
CREATE TABLE lp (line STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/p', 'format' = 'raw');

INSERT INTO o SELECT * FROM t;
INSERT INTO p SELECT tags, r FROM t;

SELECT * FROM lo;
--out sorted
--  +I	"a|b c|d,e|say ""x""",1.0|2.5E10|~,s|1|1.5|2026-11-20,Af8=
--  +I	,~,~,~
--  +I	a|b|~,1.0,"~|~|1E+3|~",~

SELECT * FROM lp;
--out sorted
--  +I	"a;b c;d,e;say ""x""",s;1;1.5;2026-11-20
--  +I	,
--  +I	a|b;,";;1E+3;"
