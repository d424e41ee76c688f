-- GROUPING SETS that each have the window.
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

SELECT window_start, window_end, k, COUNT(DISTINCT v) AS c, GROUPING_ID(k) AS g
FROM TABLE(HOP(TABLE e, DESCRIPTOR(rt), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
GROUP BY GROUPING SETS ((window_start, window_end, k), (window_start, window_end));
--out sorted
--  +I	2019-12-31 23:59:55.000	2020-01-01 00:00:05.000	a	2	0
--  +I	2019-12-31 23:59:55.000	2020-01-01 00:00:05.000	<NULL>	2	1
--  +I	2020-01-01 00:00:00.000	2020-01-01 00:00:10.000	a	5	0
--  +I	2020-01-01 00:00:00.000	2020-01-01 00:00:10.000	<NULL>	5	1
--  +I	2020-01-01 00:00:05.000	2020-01-01 00:00:15.000	a	1	0
--  +I	2020-01-01 00:00:05.000	2020-01-01 00:00:15.000	<NULL>	2	1
--  +I	2020-01-01 00:00:05.000	2020-01-01 00:00:15.000	b	1	0
--  +I	2020-01-01 00:00:10.000	2020-01-01 00:00:20.000	b	1	0
--  +I	2020-01-01 00:00:10.000	2020-01-01 00:00:20.000	<NULL>	1	1
