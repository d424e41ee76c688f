-- A filter behind the windowing function leaves the sessions as they are.
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

SELECT window_start, window_end, k, SUM(v) AS s
FROM TABLE(SESSION(TABLE e PARTITION BY k, DESCRIPTOR(rt), INTERVAL '2' SECOND))
WHERE v <> 4
GROUP BY window_start, window_end, k;
--out sorted
--  +I	2020-01-01 00:00:01.000	2020-01-01 00:00:03.000	a	1
--  +I	2020-01-01 00:00:03.000	2020-01-01 00:00:08.000	a	26
--  +I	2020-01-01 00:00:11.000	2020-01-01 00:00:13.000	b	32
