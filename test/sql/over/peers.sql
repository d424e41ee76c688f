-- Rows of one time are answered together with RANGE, in the order in which they came with ROWS; RANK and DENSE_RANK count them all, as Flink does over streams.
CREATE TABLE e (
  ts STRING,
  k STRING,
  v INT,
  rt AS TO_TIMESTAMP(ts),
  pt AS PROCTIME(),
  WATERMARK FOR rt AS rt - INTERVAL '5' SECOND
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts":"2020-01-01 00:00:01","k":"a","v":1}
--  {"ts":"2020-01-01 00:00:02","k":"a","v":5}
--  {"ts":"2020-01-01 00:00:02","k":"a","v":3}
--  {"ts":"2020-01-01 00:00:02","k":"b","v":null}
--  {"ts":"2020-01-01 00:00:06","k":"a","v":8}
--  {"ts":"2020-01-01 00:00:04","k":"a","v":3}
--  {"ts":"2020-01-01 00:00:08","k":"b","v":2}
--  {"ts":"2020-01-01 00:00:08","k":"b","v":9}
--  {"ts":"2020-01-01 00:00:12","k":"b","v":3}
--  {"ts":"2020-01-01 00:00:03","k":"a","v":6}
--  {"ts":"2020-01-01 00:00:07","k":"a","v":7}
--  {"ts":"2020-01-01 00:00:13","k":"a","v":7}

SELECT k, v, LAG(v) OVER w AS a, LAG(v, 2, -1) OVER w AS b FROM e WINDOW w AS (PARTITION BY k ORDER BY rt);
--out sorted
--  +I	a	1	<NULL>	-1
--  +I	a	5	5	1
--  +I	a	3	5	1
--  +I	b	<NULL>	<NULL>	-1
--  +I	a	3	3	5
--  +I	a	8	3	3
--  +I	b	2	2	-1
--  +I	b	9	2	-1
--  +I	b	3	9	2
--  +I	a	7	8	3

SELECT k, v, RANK() OVER (PARTITION BY k ORDER BY rt) AS n FROM e;
--out sorted
--  +I	a	1	1
--  +I	a	5	3
--  +I	a	3	3
--  +I	b	<NULL>	1
--  +I	a	3	4
--  +I	a	8	5
--  +I	b	2	3
--  +I	b	9	3
--  +I	b	3	4
--  +I	a	7	6

SELECT k, v, DENSE_RANK() OVER (PARTITION BY k ORDER BY rt) AS n FROM e;
--out sorted
--  +I	a	1	1
--  +I	a	5	3
--  +I	a	3	3
--  +I	b	<NULL>	1
--  +I	a	3	4
--  +I	a	8	5
--  +I	b	2	3
--  +I	b	9	3
--  +I	b	3	4
--  +I	a	7	6

SELECT k, v, ROW_NUMBER() OVER (PARTITION BY k ORDER BY rt) AS n FROM e;
--out sorted
--  +I	a	1	1
--  +I	a	5	2
--  +I	a	3	3
--  +I	b	<NULL>	1
--  +I	a	3	4
--  +I	a	8	5
--  +I	b	2	2
--  +I	b	9	3
--  +I	b	3	4
--  +I	a	7	6

SELECT k, v, SUM(v) OVER (PARTITION BY k ORDER BY rt ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS n FROM e;
--out sorted
--  +I	a	1	1
--  +I	a	5	6
--  +I	a	3	8
--  +I	b	<NULL>	<NULL>
--  +I	a	3	6
--  +I	a	8	11
--  +I	a	7	15
--  +I	b	2	2
--  +I	b	9	11
--  +I	b	3	12
--  +I	a	7	14

SELECT k, v, COUNT(DISTINCT v) OVER w AS a, MAX(v) OVER w AS b, MIN(v) OVER w AS c, AVG(v) OVER w AS d FROM e WINDOW w AS (PARTITION BY k ORDER BY rt RANGE BETWEEN INTERVAL '2' SECOND PRECEDING AND CURRENT ROW);
--out sorted
--  +I	a	1	1	1	1	1
--  +I	b	<NULL>	0	<NULL>	<NULL>	<NULL>
--  +I	a	5	3	5	1	3
--  +I	a	3	3	5	1	3
--  +I	a	3	2	5	3	3
--  +I	a	8	2	8	3	5
--  +I	a	7	2	8	7	7
--  +I	b	2	2	9	2	5
--  +I	b	9	2	9	2	5
--  +I	b	3	1	3	3	3
--  +I	a	7	1	7	7	7

SELECT v, COUNT(*) OVER (ORDER BY rt RANGE BETWEEN INTERVAL '2' SECOND PRECEDING AND CURRENT ROW) AS n FROM e;
--out sorted
--  +I	1	1
--  +I	5	4
--  +I	3	4
--  +I	<NULL>	4
--  +I	3	4
--  +I	8	2
--  +I	7	2
--  +I	2	4
--  +I	9	4
--  +I	3	1
--  +I	7	2
