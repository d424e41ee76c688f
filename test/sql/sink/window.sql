-- The rows of a window in a table.
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

CREATE TABLE o (k STRING, ws TIMESTAMP(3), s BIGINT) WITH ('connector' = 'filesystem', 'path' = '${dir}/o', 'format' = 'json');

INSERT INTO o
SELECT k, window_start, SUM(v)
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, k;

SELECT * FROM o;
--out sorted
--  +I	a	2026-11-20 10:00:00.000	3
--  +I	a	2026-11-20 10:00:05.000	8
--  +I	b	2026-11-20 10:00:10.000	32
