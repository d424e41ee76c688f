-- A session that is not grouped by what it is partitioned by is no window for Flink: its rows come when it ends, the groups change.
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

SELECT k, window_start, window_end, SUM(v) AS s
FROM TABLE(SESSION(TABLE e, DESCRIPTOR(rt), INTERVAL '2' SECOND))
GROUP BY k, window_start, window_end;
--out sorted
--  +I	a	2020-01-01 00:00:01.000	2020-01-01 00:00:03.000	1
--  +I	a	2020-01-01 00:00:03.000	2020-01-01 00:00:08.000	2
--  -U	a	2020-01-01 00:00:03.000	2020-01-01 00:00:08.000	2
--  +U	a	2020-01-01 00:00:03.000	2020-01-01 00:00:08.000	6
--  -U	a	2020-01-01 00:00:03.000	2020-01-01 00:00:08.000	6
--  +U	a	2020-01-01 00:00:03.000	2020-01-01 00:00:08.000	14
--  -U	a	2020-01-01 00:00:03.000	2020-01-01 00:00:08.000	14
--  +U	a	2020-01-01 00:00:03.000	2020-01-01 00:00:08.000	30
--  +I	b	2020-01-01 00:00:11.000	2020-01-01 00:00:13.000	32
