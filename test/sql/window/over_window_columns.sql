-- Expressions and filters over the columns of the window below its aggregation.
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

SELECT window_start, window_end, k, SUM(v) AS s, MAX(since) AS since
FROM (
  SELECT *, TIMESTAMPDIFF(SECOND, window_start, TO_TIMESTAMP(ts)) AS since
  FROM TABLE(HOP(TABLE e, DESCRIPTOR(rt), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
)
WHERE window_start >= TIMESTAMP '2020-01-01 00:00:00'
GROUP BY window_start, window_end, k;
--out sorted
--  +I	2020-01-01 00:00:00.000	2020-01-01 00:00:10.000	a	31	6
--  +I	2020-01-01 00:00:05.000	2020-01-01 00:00:15.000	a	8	1
--  +I	2020-01-01 00:00:05.000	2020-01-01 00:00:15.000	b	32	6
--  +I	2020-01-01 00:00:10.000	2020-01-01 00:00:20.000	b	32	1
