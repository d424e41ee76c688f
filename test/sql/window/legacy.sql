-- The older form: a window function in GROUP BY.
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

SELECT TUMBLE_START(ts, INTERVAL '5' SECOND) AS ws, k, SUM(v) AS s FROM e GROUP BY TUMBLE(ts, INTERVAL '5' SECOND), k;
--out sorted
--  +I	2026-11-20 10:00:00.000	a	3
--  +I	2026-11-20 10:00:05.000	a	8
--  +I	2026-11-20 10:00:10.000	b	32
