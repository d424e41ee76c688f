-- Aggregates that hold their values, within windows.
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

SELECT window_start, k, LISTAGG(CAST(v AS STRING)) AS l, LISTAGG(k, '') AS j, ARRAY_AGG(v) AS a, COLLECT(v / 3) AS m, FIRST_VALUE(k) AS f, LAST_VALUE(k) AS z
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(rt), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, k;
--out sorted
--  +I	2020-01-01 00:00:00.000	a	1,2	aa	[1, 2]	{0=2}	a	a
--  +I	2020-01-01 00:00:05.000	a	8	a	[8]	{2=1}	a	a
--  +I	2020-01-01 00:00:10.000	b	32	b	[32]	{10=1}	b	b
