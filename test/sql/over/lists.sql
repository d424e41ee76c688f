-- Aggregates whose rows leave the frame again.
CREATE TABLE e (
  ts STRING,
  k STRING,
  v INT,
  rt AS TO_TIMESTAMP(ts),
  pt AS PROCTIME(),
  WATERMARK FOR rt AS rt
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts":"2020-01-01 00:00:01","k":"a","v":1}
--  {"ts":"2020-01-01 00:00:02","k":"a","v":null}
--  {"ts":"2020-01-01 00:00:03","k":"b","v":3}
--  {"ts":"2020-01-01 00:00:04","k":"b","v":5}
--  {"ts":"2020-01-01 00:00:05","k":"a","v":3}
--  {"ts":"2020-01-01 00:00:06","k":"c","v":4}
--  {"ts":"2020-01-01 00:00:07","k":"c","v":-2}
--  {"ts":"2020-01-01 00:00:08","k":"b","v":2}
--  {"ts":"2020-01-01 00:00:09","k":"a","v":6}

SELECT k, STDDEV_POP(v) OVER (PARTITION BY k ORDER BY rt ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS s, LISTAGG(CAST(v AS STRING)) OVER (PARTITION BY k ORDER BY rt ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS l FROM e;
--out
--  +I	a	0	1
--  +I	a	0	1
--  +I	b	0	3
--  +I	b	1	3,5
--  +I	a	1	1,3
--  +I	c	0	4
--  +I	c	3	4,-2
--  +I	b	1	3,5,2
--  +I	a	1	3,6
