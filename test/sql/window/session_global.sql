-- One session over all rows: without PARTITION BY and without keys.
CREATE TABLE e (
  ts STRING,
  k STRING,
  v INT,
  rt AS TO_TIMESTAMP(ts),
  WATERMARK FOR rt AS rt
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts": "2020-01-01 00:00:01", "k": "a", "v": 1}
--  {"ts": "2020-01-01 00:00:04.999", "k": "a", "v": 2}
--  {"ts": "2020-01-01 00:00:04", "k": "a", "v": 4}
--  {"ts": "2020-01-01 00:00:06", "k": "a", "v": 8}
--  {"ts": "2020-01-01 00:00:03", "k": "a", "v": 16}
--  {"ts": "2020-01-01 00:00:11", "k": "b", "v": 32}

SELECT window_start, window_end, SUM(v) AS s, COUNT(DISTINCT k) AS c
FROM TABLE(SESSION(TABLE e, DESCRIPTOR(rt), INTERVAL '3' SECOND))
GROUP BY window_start, window_end;
--out
--  +I	2020-01-01 00:00:01.000	2020-01-01 00:00:04.000	1	1
--  +I	2020-01-01 00:00:03.000	2020-01-01 00:00:09.000	30	1
--  +I	2020-01-01 00:00:11.000	2020-01-01 00:00:14.000	32	1
