-- What JSON writes of nested values, with and without NULL.
CREATE TABLE t (a ARRAY<DOUBLE>, m MAP<STRING, ROW<x DECIMAL(10, 3), y BYTES>>, r ROW<s STRING, ts TIMESTAMP(3), d ARRAY<DATE>>, b MULTISET<STRING>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"a": [1, 2.5e10, null], "m": {"k\"": {"x": 1.500, "y": "AAE="}}, "r": {"s": "a\"b", "ts": "2026-11-20 10:00:00.5", "d": ["2026-11-20", null]}, "b": {"x": 2}}
--  {"a": [], "m": {"": null}, "r": {}}
--  {}

CREATE TABLE o (a ARRAY<DOUBLE>, m MAP<STRING, ROW<x DECIMAL(10, 3), y BYTES>>, r ROW<s STRING, ts TIMESTAMP(3), d ARRAY<DATE>>, b MULTISET<STRING>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/o', 'format' = 'json');
CREATE TABLE p (a ARRAY<DOUBLE>, m MAP<STRING, ROW<x DECIMAL(10, 3), y BYTES>>, r ROW<s STRING, ts TIMESTAMP(3), d ARRAY<DATE>>, b MULTISET<STRING>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/p', 'format' = 'json', 'json.encode.ignore-null-fields' = 'true', 'json.encode.decimal-as-plain-number' = 'true', 'json.timestamp-format.standard' = 'ISO-8601');
CREATE TABLE lo (line STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/o', 'format' = 'raw');
CREATE TABLE lp (line STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/p', 'format' = 'raw');

INSERT INTO o SELECT * FROM t;
INSERT INTO p SELECT * FROM t;

SELECT * FROM lo;
--out sorted
--  +I	{"a":[1.0,2.5E10,null],"m":{"k\\"":{"x":1.5,"y":"AAE="}},"r":{"s":"a\\"b","ts":"2026-11-20 10:00:00.5","d":["2026-11-20",null]},"b":{"x":2}}
--  +I	{"a":[],"m":{"":null},"r":{"s":null,"ts":null,"d":null},"b":null}
--  +I	{"a":null,"m":null,"r":null,"b":null}

SELECT * FROM lp;
--out sorted
--  +I	{"a":[1.0,2.5E10,null],"m":{"k\\"":{"x":1.500,"y":"AAE="}},"r":{"s":"a\\"b","ts":"2026-11-20T10:00:00.5","d":["2026-11-20",null]},"b":{"x":2}}
--  +I	{"a":[],"m":{"":null},"r":{}}
--  +I	{}
