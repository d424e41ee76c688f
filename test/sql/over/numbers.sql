-- Numbers, ranks and values of earlier rows in event time; equal specs are one operator, WINDOW names them.
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

SELECT k, v, RANK() OVER (PARTITION BY k ORDER BY rt) AS n FROM e;
--out
--  +I	a	1	1
--  +I	a	2	2
--  +I	a	8	3
--  +I	b	32	1
--  +I	b	3	2
--  +I	a	6	4

SELECT k, v, DENSE_RANK() OVER (PARTITION BY k ORDER BY rt) AS n FROM e;
--out
--  +I	a	1	1
--  +I	a	2	2
--  +I	a	8	3
--  +I	b	32	1
--  +I	b	3	2
--  +I	a	6	4

SELECT k, v, LAG(v) OVER (PARTITION BY k ORDER BY rt) AS a, LAG(v, 2, -1) OVER (PARTITION BY k ORDER BY rt) AS b FROM e;
--out
--  +I	a	1	<NULL>	-1
--  +I	a	2	1	-1
--  +I	a	8	2	1
--  +I	b	32	<NULL>	-1
--  +I	b	3	32	-1
--  +I	a	6	8	2

SELECT k, v, SUM(v) OVER w AS s, COUNT(*) OVER w AS c FROM e WINDOW w AS (PARTITION BY k ORDER BY rt);
--out
--  +I	a	1	1	1
--  +I	a	2	3	2
--  +I	a	8	11	3
--  +I	b	32	32	1
--  +I	b	3	35	2
--  +I	a	6	17	4
