-- Steps of an hour within a day, over midnight.
CREATE TABLE e (ts TIMESTAMP(3), v INT, WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE)
WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts": "2026-11-20 20:10:00", "v": 1}
--  {"ts": "2026-11-20 23:59:59.999", "v": 2}
--  {"ts": "2026-11-21 00:00:00", "v": 4}
--  {"ts": "2026-11-20 23:59:30", "v": 8}
--  {"ts": "2026-11-21 07:00:00", "v": 16}

SELECT window_start, window_end, SUM(v) AS s
FROM TABLE(CUMULATE(TABLE e, DESCRIPTOR(ts), INTERVAL '8' HOUR, INTERVAL '1' DAY))
GROUP BY window_start, window_end;
--out
--  +I	2026-11-20 00:00:00.000	2026-11-21 00:00:00.000	11
--  +I	2026-11-21 00:00:00.000	2026-11-21 08:00:00.000	20
--  +I	2026-11-21 00:00:00.000	2026-11-21 16:00:00.000	20
--  +I	2026-11-21 00:00:00.000	2026-11-22 00:00:00.000	20
