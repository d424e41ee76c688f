-- Windows over windows: window_time is a time attribute.
CREATE TABLE e (
  ts TIMESTAMP(3),
  k STRING,
  v INT,
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts": "2026-11-20 10:00:01", "k": "a", "v": 1}
--  {"ts": "2026-11-20 10:00:02", "k": "b", "v": 2}
--  {"ts": "2026-11-20 10:00:07", "k": "a", "v": 4}
--  {"ts": "2026-11-20 10:00:12", "k": "a", "v": 8}
--  {"ts": "2026-11-20 10:00:13", "k": "b", "v": 16}
--  {"ts": "2026-11-20 10:00:21", "k": "a", "v": 32}

CREATE VIEW five AS
SELECT k, SUM(v) AS s, window_start AS ws, window_time AS rt
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY k, window_start, window_end, window_time;

SELECT window_start, window_end, SUM(s) AS s, COUNT(*) AS n
FROM TABLE(TUMBLE(TABLE five, DESCRIPTOR(rt), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
--out
--  +I	2026-11-20 10:00:00.000	2026-11-20 10:00:10.000	7	3
--  +I	2026-11-20 10:00:10.000	2026-11-20 10:00:20.000	24	2
--  +I	2026-11-20 10:00:20.000	2026-11-20 10:00:30.000	32	1
