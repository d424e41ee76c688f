-- Places from the second on are told place by place, with the number or without.
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

SELECT k, v, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n FROM e) WHERE n BETWEEN 2 AND 3;
--out
--  +I	a	1	2
--  -U	a	1	2
--  +U	a	2	2
--  +I	a	1	3
--  -U	a	2	2
--  +U	a	4	2
--  -U	a	1	3
--  +U	a	2	3
--  -U	a	4	2
--  +U	a	8	2
--  -U	a	2	3
--  +U	a	4	3
--  +I	b	3	2
--  -U	b	3	2
--  +U	b	5	2
--  +I	b	3	3
--  -U	a	4	3
--  +U	a	6	3
--  -U	a	6	3
--  +U	a	7	3

SELECT k, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n FROM e) WHERE n BETWEEN 2 AND 3;
--out
--  +I	a	1
--  -U	a	1
--  +U	a	2
--  +I	a	1
--  -U	a	2
--  +U	a	4
--  -U	a	1
--  +U	a	2
--  -U	a	4
--  +U	a	8
--  -U	a	2
--  +U	a	4
--  +I	b	3
--  -U	b	3
--  +U	b	5
--  +I	b	3
--  -U	a	4
--  +U	a	6
--  -U	a	6
--  +U	a	7
