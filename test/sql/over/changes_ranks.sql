-- Ranks, averages and the greatest values in an order that is not that of time.
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

SELECT k, v, RANK() OVER (PARTITION BY k ORDER BY v) AS n FROM e;
--out
--  +I	a	1	1
--  +I	a	5	2
--  +I	a	3	2
--  -U	a	5	2
--  +U	a	5	3
--  +I	b	<NULL>	1
--  +I	a	8	4
--  -U	a	3	2
--  +U	a	3	3
--  +I	a	3	3
--  -U	a	5	3
--  +U	a	5	4
--  -U	a	8	4
--  +U	a	8	5
--  +I	b	2	2
--  +I	b	9	3
--  +I	b	3	3
--  -U	b	9	3
--  +U	b	9	4
--  +I	a	6	5
--  -U	a	8	5
--  +U	a	8	6
--  +I	a	7	6
--  -U	a	8	6
--  +U	a	8	7
--  -U	a	7	6
--  +U	a	7	7
--  +I	a	7	7
--  -U	a	8	7
--  +U	a	8	8

SELECT k, v, DENSE_RANK() OVER (PARTITION BY k ORDER BY v) AS n FROM e;
--out
--  +I	a	1	1
--  +I	a	5	2
--  +I	a	3	2
--  -U	a	5	2
--  +U	a	5	3
--  +I	b	<NULL>	1
--  +I	a	8	4
--  -U	a	3	2
--  +U	a	3	3
--  +I	a	3	3
--  -U	a	5	3
--  +U	a	5	4
--  -U	a	8	4
--  +U	a	8	5
--  +I	b	2	2
--  +I	b	9	3
--  +I	b	3	3
--  -U	b	9	3
--  +U	b	9	4
--  +I	a	6	5
--  -U	a	8	5
--  +U	a	8	6
--  +I	a	7	6
--  -U	a	8	6
--  +U	a	8	7
--  -U	a	7	6
--  +U	a	7	7
--  +I	a	7	7
--  -U	a	8	7
--  +U	a	8	8

SELECT k, v, AVG(v) OVER (PARTITION BY k ORDER BY v) AS n FROM e;
--out
--  +I	a	1	1
--  +I	a	5	3
--  +I	a	3	2
--  -U	a	5	3
--  +U	a	5	3
--  +I	b	<NULL>	<NULL>
--  +I	a	8	4
--  -U	a	3	2
--  +U	a	3	2
--  +I	a	3	2
--  -U	a	5	3
--  +U	a	5	3
--  -U	a	8	4
--  +U	a	8	4
--  +I	b	2	2
--  +I	b	9	5
--  +I	b	3	2
--  -U	b	9	5
--  +U	b	9	4
--  +I	a	6	3
--  -U	a	8	4
--  +U	a	8	4
--  +I	a	7	4
--  -U	a	8	4
--  +U	a	8	4
--  -U	a	7	4
--  +U	a	7	4
--  +I	a	7	4
--  -U	a	8	4
--  +U	a	8	5

SELECT k, v, MAX(v) OVER (PARTITION BY k ORDER BY ts) AS n FROM e;
--out
--  +I	a	1	1
--  +I	a	5	5
--  +I	a	3	5
--  +I	b	<NULL>	<NULL>
--  +I	a	8	8
--  +I	a	3	5
--  +I	b	2	2
--  -U	b	2	2
--  +U	b	2	9
--  +I	b	9	9
--  +I	b	3	9
--  +I	a	6	6
--  -U	a	3	5
--  +U	a	3	6
--  +I	a	7	8
--  +I	a	7	8
