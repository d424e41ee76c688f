-- Two window aggregations of one table in one query.
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

SELECT window_start, k, SUM(v) AS s
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, k
UNION ALL
SELECT window_start, 'all', SUM(v)
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end;
--out sorted
--  +I	2026-11-20 10:00:00.000	a	1
--  +I	2026-11-20 10:00:00.000	b	2
--  +I	2026-11-20 10:00:05.000	a	4
--  +I	2026-11-20 10:00:00.000	all	3
--  +I	2026-11-20 10:00:05.000	all	4
