-- A window function without an aggregation adds its columns to each row.
CREATE TABLE e (
  ts TIMESTAMP(3),
  k STRING,
  v INT,
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts": "2026-11-20 10:00:01", "k": "a", "v": 1}
--  {"ts": "2026-11-20 10:00:04.999", "k": "a", "v": 2}
--  {"ts": "2026-11-20 10:00:04", "k": "a", "v": 4}
--  {"ts": "2026-11-20 10:00:06", "k": "a", "v": 8}

SELECT k, v, window_start, window_end, window_time FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND));
--out
--  +I	a	1	2026-11-20 10:00:00.000	2026-11-20 10:00:05.000	2026-11-20 10:00:04.999
--  +I	a	2	2026-11-20 10:00:00.000	2026-11-20 10:00:05.000	2026-11-20 10:00:04.999
--  +I	a	4	2026-11-20 10:00:00.000	2026-11-20 10:00:05.000	2026-11-20 10:00:04.999
--  +I	a	8	2026-11-20 10:00:05.000	2026-11-20 10:00:10.000	2026-11-20 10:00:09.999

SELECT v, window_start FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE v > 2;
--out sorted
--  +I	4	2026-11-20 10:00:00.000
--  +I	4	2026-11-20 09:59:55.000
--  +I	8	2026-11-20 10:00:05.000
--  +I	8	2026-11-20 10:00:00.000
