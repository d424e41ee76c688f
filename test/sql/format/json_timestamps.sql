-- Both standards of timestamps.
CREATE TABLE a (ts TIMESTAMP(3), z TIMESTAMP_LTZ(3), d DATE, t TIME)
WITH ('connector' = 'filesystem', 'path' = '${dir}/sql.jsonl', 'format' = 'json');
--file sql.jsonl
--  {"ts": "2026-11-20 10:11:12", "z": "2026-11-20 10:11:12Z", "d": "2026-11-20", "t": "10:11:12"}
--  {"ts": "2026-11-20 10:11:12.345678", "z": "2026-11-20 10:11:12.345Z", "d": "0001-01-01", "t": "23:59:59"}

CREATE TABLE b (ts TIMESTAMP(3), z TIMESTAMP_LTZ(3))
WITH ('connector' = 'filesystem', 'path' = '${dir}/iso.jsonl', 'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601');
--file iso.jsonl
--  {"ts": "2026-11-20T10:11:12", "z": "2026-11-20T10:11:12Z"}
--  {"ts": "2026-11-20T10:11:12.3456", "z": "2026-11-20T10:11:12.345Z"}

SELECT * FROM a;
--out
--  +I	2026-11-20 10:11:12.000	2026-11-20 10:11:12.000	2026-11-20	10:11:12
--  +I	2026-11-20 10:11:12.345	2026-11-20 10:11:12.345	0001-01-01	23:59:59

SELECT * FROM b;
--out
--  +I	2026-11-20 10:11:12.000	2026-11-20 10:11:12.000
--  +I	2026-11-20 10:11:12.345	2026-11-20 10:11:12.345
