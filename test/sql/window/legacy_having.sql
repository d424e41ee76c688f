-- The older form with DISTINCT, HAVING and expressions over the window's times.
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

SELECT k, TUMBLE_END(rt, INTERVAL '5' SECOND) - INTERVAL '1' SECOND AS e, COUNT(DISTINCT v) AS d, LISTAGG(CAST(v AS STRING)) AS l
FROM e
GROUP BY TUMBLE(rt, INTERVAL '5' SECOND), k
HAVING COUNT(*) > 1 OR k = 'b';
--out sorted
--  +I	a	2020-01-01 00:00:04.000	2	1,2
--  +I	b	2020-01-01 00:00:14.000	1	32
