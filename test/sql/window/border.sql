-- A row at the very end of a window is in the next; the watermark fires a window one millisecond before.
CREATE TABLE e (
  ts TIMESTAMP(3),
  k STRING,
  v INT,
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts": "2026-11-20 10:00:00", "k": "a", "v": 1}
--  {"ts": "2026-11-20 10:00:04.999", "k": "a", "v": 2}
--  {"ts": "2026-11-20 10:00:04", "k": "a", "v": 4}
--  {"ts": "2026-11-20 10:00:05", "k": "a", "v": 8}
--  {"ts": "2026-11-20 10:00:09.998", "k": "a", "v": 16}
--  {"ts": "2026-11-20 10:00:05", "k": "a", "v": 32}
--  {"ts": "2026-11-20 10:00:10", "k": "a", "v": 64}

SELECT window_start, window_end, window_time, SUM(v) AS s
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, window_time;
--out sorted
--  +I	2026-11-20 10:00:00.000	2026-11-20 10:00:05.000	2026-11-20 10:00:04.999	3
--  +I	2026-11-20 10:00:05.000	2026-11-20 10:00:10.000	2026-11-20 10:00:09.999	56
--  +I	2026-11-20 10:00:10.000	2026-11-20 10:00:15.000	2026-11-20 10:00:14.999	64
