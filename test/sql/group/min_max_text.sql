-- MIN and MAX of text, times and booleans as they change.
CREATE TABLE t (s STRING, ts TIMESTAMP(3), b BOOLEAN, c DECIMAL(5, 1))
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"s": "m", "ts": "2026-11-20 10:00:00", "b": true, "c": 1.5}
--  {"s": "z", "ts": "2026-11-20 09:00:00", "b": false, "c": -1}
--  {}
--  {"s": "a", "ts": "2026-11-20 11:00:00", "b": true, "c": 2}

SELECT MIN(s) AS a, MAX(s) AS z, MIN(ts) AS e, MAX(ts) AS l, MIN(b) AS f, MAX(c) AS m FROM t;
--out
--  +I	m	m	2026-11-20 10:00:00.000	2026-11-20 10:00:00.000	TRUE	1.5
--  -U	m	m	2026-11-20 10:00:00.000	2026-11-20 10:00:00.000	TRUE	1.5
--  +U	m	z	2026-11-20 09:00:00.000	2026-11-20 10:00:00.000	FALSE	1.5
--  -U	m	z	2026-11-20 09:00:00.000	2026-11-20 10:00:00.000	FALSE	1.5
--  +U	a	z	2026-11-20 09:00:00.000	2026-11-20 11:00:00.000	FALSE	2.0
