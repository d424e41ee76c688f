-- OVER with ROWS in event time.
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
--  {"ts":"2020-01-01 00:00:04.999","k":"a","v":2}
--  {"ts":"2020-01-01 00:00:04","k":"a","v":4}
--  {"ts":"2020-01-01 00:00:06","k":"a","v":8}
--  {"ts":"2020-01-01 00:00:03","k":"a","v":16}
--  {"ts":"2020-01-01 00:00:11","k":"b","v":32}
--  {"ts":"2020-01-01 00:00:12","k":"b","v":3}
--  {"ts":"2020-01-01 00:00:09","k":"b","v":5}
--  {"ts":"2020-01-01 00:00:10","k":"a","v":6}
--  {"ts":"2020-01-01 00:00:13","k":"a","v":6}
--  {"ts":"2020-01-01 00:00:13","k":"a","v":7}
--  {"ts":"2020-01-01 00:00:13","k":"a","v":7}

SELECT k, v, SUM(v) OVER (PARTITION BY k ORDER BY rt ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS s FROM e;
--out
--  +I	a	1	1
--  +I	a	2	3
--  +I	a	8	11
--  +I	b	32	32
--  +I	b	3	35
--  +I	a	6	16
--  +I	a	6	20

SELECT k, v, SUM(v) OVER (PARTITION BY k ORDER BY rt ROWS UNBOUNDED PRECEDING) AS s FROM e;
--out
--  +I	a	1	1
--  +I	a	2	3
--  +I	a	8	11
--  +I	b	32	32
--  +I	b	3	35
--  +I	a	6	17

SELECT k, v, FIRST_VALUE(v) OVER (PARTITION BY k ORDER BY rt ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS a, LAST_VALUE(v) OVER (PARTITION BY k ORDER BY rt ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS b FROM e;
--out
--  +I	a	1	1	1
--  +I	a	2	1	2
--  +I	a	8	2	8
--  +I	b	32	32	32
--  +I	b	3	32	3
--  +I	a	6	8	6
--  +I	a	6	6	6
