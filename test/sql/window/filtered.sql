-- A filter below the window does not hide rows from the watermark.
CREATE TABLE e (
  ts TIMESTAMP(3),
  k STRING,
  v INT,
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts": "2026-11-20 10:00:01", "k": "a", "v": 1}
--  {"ts": "2026-11-20 10:00:30", "k": "x", "v": 2}
--  {"ts": "2026-11-20 10:00:02", "k": "a", "v": 4}
--  {"ts": "2026-11-20 10:00:31", "k": "a", "v": 8}

CREATE VIEW few AS SELECT ts, k, v FROM e WHERE k <> 'x';

SELECT window_start, SUM(v) AS s
FROM TABLE(TUMBLE(TABLE few, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end;
--out
--  +I	2026-11-20 10:00:00.000	1
--  +I	2026-11-20 10:00:30.000	8
