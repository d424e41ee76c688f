-- Top-2 with the number tells each row that moves, without it only those that come and go.
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

SELECT k, v, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n FROM e) WHERE n <= 2;
--out
--  +I	a	1	1
--  -U	a	1	1
--  +U	a	2	1
--  +I	a	1	2
--  -U	a	2	1
--  +U	a	4	1
--  -U	a	1	2
--  +U	a	2	2
--  -U	a	4	1
--  +U	a	8	1
--  -U	a	2	2
--  +U	a	4	2
--  -U	a	8	1
--  +U	a	16	1
--  -U	a	4	2
--  +U	a	8	2
--  +I	b	32	1
--  +I	b	3	2
--  -U	b	3	2
--  +U	b	5	2

SELECT k, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n FROM e) WHERE n <= 2;
--out
--  +I	a	1
--  +I	a	2
--  -D	a	1
--  +I	a	4
--  -D	a	2
--  +I	a	8
--  -D	a	4
--  +I	a	16
--  +I	b	32
--  +I	b	3
--  -D	b	3
--  +I	b	5

SELECT k, v, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY rt) AS n FROM e) WHERE n <= 2;
--out
--  +I	a	1	1
--  +I	a	2	2
--  -U	a	2	2
--  +U	a	4	2
--  -U	a	4	2
--  +U	a	16	2
--  +I	b	32	1
--  +I	b	3	2
--  -U	b	32	1
--  +U	b	5	1
--  -U	b	3	2
--  +U	b	32	2
