-- ORDER BY with LIMIT is Top-N, by the name or place of a column or by an expression.
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

SELECT k, v FROM e ORDER BY v LIMIT 2 OFFSET 1;
--out
--  +I	a	2
--  +I	a	4
--  -U	a	4
--  +U	b	3

SELECT k, v FROM e ORDER BY 2 LIMIT 1;
--out
--  +I	a	1

SELECT k, v AS w FROM e ORDER BY w DESC LIMIT 1;
--out
--  +I	a	1
--  -U	a	1
--  +U	a	2
--  -U	a	2
--  +U	a	4
--  -U	a	4
--  +U	a	8
--  -U	a	8
--  +U	a	16
--  -U	a	16
--  +U	b	32

SELECT k, v FROM e ORDER BY rt LIMIT 3;
--out
--  +I	a	1
--  +I	a	2
--  +I	a	4
--  -D	a	2
--  +I	a	16

SELECT k FROM e ORDER BY v + 1 LIMIT 1;
--out
--  +I	a

SELECT k, COUNT(*) AS c FROM e GROUP BY k ORDER BY k LIMIT 2;
--out
--  +I	a	1
--  -U	a	1
--  +U	a	2
--  -U	a	2
--  +U	a	3
--  -U	a	3
--  +U	a	4
--  -U	a	4
--  +U	a	5
--  +I	b	1
--  -U	b	1
--  +U	b	2
--  -U	b	2
--  +U	b	3
--  -U	a	5
--  +U	a	6
--  -U	a	6
--  +U	a	7
--  -U	a	7
--  +U	a	8
--  -U	a	8
--  +U	a	9
