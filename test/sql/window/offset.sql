-- Windows shifted by an offset, forwards and backwards.
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
--  {"ts": "2026-11-20 10:00:03", "k": "a", "v": 16}
--  {"ts": "2026-11-20 10:00:11", "k": "b", "v": 32}

SELECT window_start, window_end, SUM(v) AS s
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '2' SECOND))
GROUP BY window_start, window_end;
--out sorted
--  +I	2026-11-20 09:59:57.000	2026-11-20 10:00:02.000	1
--  +I	2026-11-20 10:00:02.000	2026-11-20 10:00:07.000	30
--  +I	2026-11-20 10:00:07.000	2026-11-20 10:00:12.000	32

SELECT window_start, SUM(v) AS s
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '-3' SECOND))
GROUP BY window_start, window_end;
--out sorted
--  +I	2026-11-20 09:59:57.000	31
--  +I	2026-11-20 10:00:07.000	32

SELECT window_start, window_end, SUM(v) AS s
FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND, INTERVAL '1' SECOND))
GROUP BY window_start, window_end;
--out sorted
--  +I	2026-11-20 09:59:56.000	2026-11-20 10:00:06.000	7
--  +I	2026-11-20 10:00:01.000	2026-11-20 10:00:11.000	31
--  +I	2026-11-20 10:00:06.000	2026-11-20 10:00:16.000	40
--  +I	2026-11-20 10:00:11.000	2026-11-20 10:00:21.000	32
