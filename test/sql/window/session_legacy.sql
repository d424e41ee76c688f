-- The older form of sessions, with the times of the window.
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

SELECT k, SESSION_START(rt, INTERVAL '2' SECOND) AS s, SESSION_END(rt, INTERVAL '2' SECOND) AS e,
  SESSION_ROWTIME(rt, INTERVAL '2' SECOND) AS t, SUM(v) AS v
FROM e
GROUP BY k, SESSION(rt, INTERVAL '2' SECOND);
--out sorted
--  +I	a	2020-01-01 00:00:01.000	2020-01-01 00:00:03.000	2020-01-01 00:00:02.999	1
--  +I	a	2020-01-01 00:00:03.000	2020-01-01 00:00:08.000	2020-01-01 00:00:07.999	30
--  +I	b	2020-01-01 00:00:11.000	2020-01-01 00:00:13.000	2020-01-01 00:00:12.999	32
