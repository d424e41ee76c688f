-- The number of the only row is kept; the first row by processing time is given at once.
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

SELECT k, v, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY rt DESC) AS n FROM e) WHERE n = 1;
--out
--  +I	a	1	1
--  -U	a	1	1
--  +U	a	5	1
--  -U	a	5	1
--  +U	a	3	1
--  +I	b	<NULL>	1
--  -U	a	3	1
--  +U	a	8	1
--  -U	b	<NULL>	1
--  +U	b	2	1
--  -U	b	2	1
--  +U	b	9	1
--  -U	b	9	1
--  +U	b	3	1
--  -U	a	8	1
--  +U	a	7	1
--  -U	a	7	1
--  +U	a	7	1

SELECT k, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY pt) AS n FROM e) WHERE n = 1;
--out
--  +I	a	1
--  +I	b	<NULL>

SELECT k, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY rt) AS n FROM e) WHERE n = 1;
--out
--  +I	a	1
--  +I	b	<NULL>
