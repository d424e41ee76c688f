-- The same aggregation in views that differ in size.
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

CREATE VIEW a AS
SELECT k, SUM(v) AS s, window_start AS ws
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, k;
CREATE VIEW b AS
SELECT k, SUM(v) AS s, window_start AS ws
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, k;

SELECT 5 AS size, k, ws, s FROM a UNION ALL SELECT 10, k, ws, s FROM b;
--out sorted
--  +I	10	a	2026-11-20 10:00:00.000	31
--  +I	10	b	2026-11-20 10:00:10.000	32
--  +I	5	a	2026-11-20 10:00:00.000	3
--  +I	5	a	2026-11-20 10:00:05.000	8
--  +I	5	b	2026-11-20 10:00:10.000	32
