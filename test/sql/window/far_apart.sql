-- Event time leaps years, forwards and into the past before 1970.
CREATE TABLE e (ts TIMESTAMP(3), v INT, WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts": "1999-12-31 23:59:59", "v": 1}
--  {"ts": "2026-11-20 10:00:00", "v": 2}
--  {"ts": "1999-12-31 23:59:59", "v": 4}
--  {"ts": "9999-12-31 23:59:50", "v": 8}

SELECT window_start, window_end, SUM(v) AS s
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end;
--out
--  +I	1999-12-31 23:59:55.000	2000-01-01 00:00:00.000	1
--  +I	2026-11-20 10:00:00.000	2026-11-20 10:00:05.000	2
--  +I	9999-12-31 23:59:50.000	9999-12-31 23:59:55.000	8
