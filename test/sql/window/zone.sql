-- Windows over instants follow the clock of the session's zone.
SET 'table.local-time-zone' = 'Asia/Shanghai';
CREATE TABLE e (
  ms BIGINT,
  v INT,
  ts AS TO_TIMESTAMP_LTZ(ms, 3),
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ms": 1763567999000, "v": 1}
--  {"ms": 1763568000000, "v": 2}
--  {"ms": 1763650000000, "v": 4}
--  {"ms": 1763654400000, "v": 8}

SELECT window_start, window_end, window_time, SUM(v) AS s
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '4' HOUR))
GROUP BY window_start, window_end, window_time;
--out
--  +I	2025-11-19 20:00:00.000	2025-11-20 00:00:00.000	2025-11-19 23:59:59.999	1
--  +I	2025-11-20 00:00:00.000	2025-11-20 04:00:00.000	2025-11-20 03:59:59.999	2
--  +I	2025-11-20 20:00:00.000	2025-11-21 00:00:00.000	2025-11-20 23:59:59.999	4
--  +I	2025-11-21 00:00:00.000	2025-11-21 04:00:00.000	2025-11-21 03:59:59.999	8
