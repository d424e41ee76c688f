-- Rows of the same windows, brought together below the aggregation.
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
--  {"ts": "2020-01-01 00:00:06", "k": "a", "v": 8}
--  {"ts": "2020-01-01 00:00:11", "k": "b", "v": 32}

SELECT window_start, window_end, COUNT(*) AS c, SUM(v) AS s
FROM (
  SELECT window_start, window_end, v FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(rt), INTERVAL '5' SECOND))
  UNION ALL
  SELECT window_start, window_end, v + 1 FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(rt), INTERVAL '5' SECOND)) WHERE v > 1
)
GROUP BY window_start, window_end;
--out
--  +I	2020-01-01 00:00:00.000	2020-01-01 00:00:05.000	3	6
--  +I	2020-01-01 00:00:05.000	2020-01-01 00:00:10.000	2	17
--  +I	2020-01-01 00:00:10.000	2020-01-01 00:00:15.000	2	65
