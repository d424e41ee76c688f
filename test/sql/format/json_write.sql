-- What JSON writes: doubles and decimals as Java does, times by both standards.
CREATE TABLE t (d DOUBLE, f FLOAT, c DECIMAL(12, 6), s STRING, ts TIMESTAMP(6), z TIMESTAMP_LTZ(3), tm TIME, b BYTES)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"d": 1e10, "f": 0.1, "c": 0.000001, "s": "a\"\\/\u0001\u00e9\u2028", "ts": "2026-11-20 10:00:00.12", "z": "2026-11-20 10:00:00Z", "tm": "10:00:00", "b": "AAE="}
--  {"d": 1e-7, "c": 1000}
--  {"d": 100, "f": 1e20, "ts": "2026-11-20 10:00:00"}

CREATE TABLE a (d DOUBLE, f FLOAT, c DECIMAL(12, 6), s STRING, ts TIMESTAMP(6), z TIMESTAMP_LTZ(3), tm TIME, b BYTES)
WITH ('connector' = 'filesystem', 'path' = '${dir}/a', 'format' = 'json');
CREATE TABLE b (ts TIMESTAMP(6), z TIMESTAMP_LTZ(3), c DECIMAL(12, 6))
WITH ('connector' = 'filesystem', 'path' = '${dir}/b', 'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601', 'json.encode.decimal-as-plain-number' = 'true', 'json.encode.ignore-null-fields' = 'true');
CREATE TABLE la (line STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/a', 'format' = 'raw');
CREATE TABLE lb (line STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/b', 'format' = 'raw');

INSERT INTO a SELECT * FROM t;
INSERT INTO b SELECT ts, z, c FROM t;

SELECT * FROM la;
--out sorted
--  +I	{"d":1.0E10,"f":0.1,"c":0.000001,"s":"a\\"\\\\/\\u0001é ","ts":"2026-11-20 10:00:00.12","z":"2026-11-20 10:00:00Z","tm":"10:00:00","b":"AAE="}
--  +I	{"d":1.0E-7,"f":null,"c":1E+3,"s":null,"ts":null,"z":null,"tm":null,"b":null}
--  +I	{"d":100.0,"f":1.0E20,"c":null,"s":null,"ts":"2026-11-20 10:00:00","z":null,"tm":null,"b":null}

SELECT * FROM lb;
--out sorted
--  +I	{"ts":"2026-11-20T10:00:00.12","z":"2026-11-20T10:00:00Z","c":0.000001}
--  +I	{"c":1000.000000}
--  +I	{"ts":"2026-11-20T10:00:00"}
