-- What CSV writes: quotes where they must be, times, NULL.
CREATE TABLE t (s STRING, i INT, ts TIMESTAMP(3), b BOOLEAN)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"s": "a,b", "i": 1, "ts": "2026-11-20 10:00:00.5", "b": true}
--  {"s": "say \"hi\"", "i": null}
--  {"s": "", "i": -1}
--  {"i": 3, "s": " pad "}

CREATE TABLE c (s STRING, i INT, ts TIMESTAMP(3), b BOOLEAN) WITH ('connector' = 'filesystem', 'path' = '${dir}/c', 'format' = 'csv');
CREATE TABLE lines (line STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/c', 'format' = 'raw');

INSERT INTO c SELECT * FROM t;
SELECT * FROM lines;
--out sorted
--  +I	"a,b",1,"2026-11-20 10:00:00.5",true
--  +I	"say ""hi""",,,
--  +I	,-1,,
--  +I	" pad ",3,,
