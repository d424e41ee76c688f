-- The rows of sessions without an aggregation.
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

SELECT k, v, window_start, window_end, window_time
FROM TABLE(SESSION(TABLE e PARTITION BY k, DESCRIPTOR(rt), INTERVAL '2' SECOND));
--out sorted
--  +I	a	1	2020-01-01 00:00:01.000	2020-01-01 00:00:03.000	2020-01-01 00:00:02.999
--  +I	a	2	2020-01-01 00:00:03.000	2020-01-01 00:00:08.000	2020-01-01 00:00:07.999
--  +I	a	4	2020-01-01 00:00:03.000	2020-01-01 00:00:08.000	2020-01-01 00:00:07.999
--  +I	a	8	2020-01-01 00:00:03.000	2020-01-01 00:00:08.000	2020-01-01 00:00:07.999
--  +I	a	16	2020-01-01 00:00:03.000	2020-01-01 00:00:08.000	2020-01-01 00:00:07.999
--  +I	b	32	2020-01-01 00:00:11.000	2020-01-01 00:00:13.000	2020-01-01 00:00:12.999
