-- Grouping by the window's start alone is an ordinary aggregation: a changelog that counts late rows, too.
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

SELECT window_start, COUNT(*) AS c
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start;
--out
--  +I	2026-11-20 10:00:00.000	1
--  -U	2026-11-20 10:00:00.000	1
--  +U	2026-11-20 10:00:00.000	2
--  -U	2026-11-20 10:00:00.000	2
--  +U	2026-11-20 10:00:00.000	3
--  +I	2026-11-20 10:00:05.000	1
--  -U	2026-11-20 10:00:00.000	3
--  +U	2026-11-20 10:00:00.000	4
--  +I	2026-11-20 10:00:10.000	1
