-- A watermark that is computed; the time attribute is a computed column over text with a pattern.
CREATE TABLE e (
  d STRING, clock STRING, v INT,
  ts AS TO_TIMESTAMP(d || ' ' || clock, 'dd.MM.yyyy HH:mm:ss'),
  WATERMARK FOR ts AS ts - INTERVAL '1' SECOND * 2
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"d": "20.11.2026", "clock": "10:00:00", "v": 1}
--  {"d": "20.11.2026", "clock": "10:00:07", "v": 2}
--  {"d": "20.11.2026", "clock": "10:00:04", "v": 4}
--  {"d": "20.11.2026", "clock": "10:00:06", "v": 8}

SELECT window_start, window_end, SUM(v) AS s
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end;
--out
--  +I	2026-11-20 10:00:00.000	2026-11-20 10:00:05.000	1
--  +I	2026-11-20 10:00:05.000	2026-11-20 10:00:10.000	10
