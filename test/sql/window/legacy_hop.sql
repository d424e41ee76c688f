-- The older form of hopping windows.
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

SELECT k, HOP_START(rt, INTERVAL '5' SECOND, INTERVAL '10' SECOND) AS s, HOP_END(rt, INTERVAL '5' SECOND, INTERVAL '10' SECOND) AS e, SUM(v) AS v, COUNT(DISTINCT v) AS d
FROM e
GROUP BY HOP(rt, INTERVAL '5' SECOND, INTERVAL '10' SECOND), k;
--out sorted
--  +I	a	2019-12-31 23:59:55.000	2020-01-01 00:00:05.000	3	2
--  +I	a	2020-01-01 00:00:00.000	2020-01-01 00:00:10.000	31	5
--  +I	a	2020-01-01 00:00:05.000	2020-01-01 00:00:15.000	8	1
--  +I	b	2020-01-01 00:00:05.000	2020-01-01 00:00:15.000	32	1
--  +I	b	2020-01-01 00:00:10.000	2020-01-01 00:00:20.000	32	1
