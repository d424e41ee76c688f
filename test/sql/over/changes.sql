-- OVER in an order that is not that of time: each row changes the answers of those behind it.
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

SELECT k, v, SUM(v) OVER (PARTITION BY k ORDER BY v) AS a FROM e;
--out
--  +I	a	1	1
--  +I	a	2	3
--  +I	a	4	7
--  +I	a	8	15
--  +I	a	16	31
--  +I	b	32	32
--  +I	b	3	3
--  -U	b	32	32
--  +U	b	32	35
--  +I	b	5	8
--  -U	b	32	35
--  +U	b	32	40
--  +I	a	6	13
--  -U	a	8	15
--  +U	a	8	21
--  -U	a	16	31
--  +U	a	16	37
--  -U	a	6	13
--  +U	a	6	19
--  +I	a	6	19
--  -U	a	8	21
--  +U	a	8	27
--  -U	a	16	37
--  +U	a	16	43
--  +I	a	7	26
--  -U	a	8	27
--  +U	a	8	34
--  -U	a	16	43
--  +U	a	16	50
--  -U	a	7	26
--  +U	a	7	33
--  +I	a	7	33
--  -U	a	8	34
--  +U	a	8	41
--  -U	a	16	50
--  +U	a	16	57

SELECT k, v, SUM(v) OVER (PARTITION BY k ORDER BY v ROWS UNBOUNDED PRECEDING) AS a FROM e;
--out
--  +I	a	1	1
--  +I	a	2	3
--  +I	a	4	7
--  +I	a	8	15
--  +I	a	16	31
--  +I	b	32	32
--  +I	b	3	3
--  -U	b	32	32
--  +U	b	32	35
--  +I	b	5	8
--  -U	b	32	35
--  +U	b	32	40
--  +I	a	6	13
--  -U	a	8	15
--  +U	a	8	21
--  -U	a	16	31
--  +U	a	16	37
--  +I	a	6	19
--  -U	a	8	21
--  +U	a	8	27
--  -U	a	16	37
--  +U	a	16	43
--  +I	a	7	26
--  -U	a	8	27
--  +U	a	8	34
--  -U	a	16	43
--  +U	a	16	50
--  +I	a	7	33
--  -U	a	8	34
--  +U	a	8	41
--  -U	a	16	50
--  +U	a	16	57
