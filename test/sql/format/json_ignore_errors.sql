-- ignore-parse-errors: a bad field is NULL, a bad record is passed over.
CREATE TABLE t (i INT, ts TIMESTAMP(3), s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json', 'json.ignore-parse-errors' = 'true');
--file t.jsonl
--  {"i": 1, "ts": "2026-11-20 10:00:00", "s": "ok"}
--  {"i": "x", "ts": "2026-11-20", "s": "bad fields"}
--  {"i": 2, "s": "cut
--  not json
--  
--  {"i": 3, "s": "end"}

SELECT * FROM t;
--out
--  +I	1	2026-11-20 10:00:00.000	ok
--  +I	<NULL>	<NULL>	bad fields
--  +I	3	<NULL>	end
