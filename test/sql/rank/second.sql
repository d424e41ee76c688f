-- One place alone, and the first rows as they come.
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

SELECT k, v, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n FROM e) WHERE n = 2;
--out
--  +I	a	1	2
--  -U	a	1	2
--  +U	a	3	2
--  -U	a	3	2
--  +U	a	5	2
--  +I	b	<NULL>	2
--  -U	b	<NULL>	2
--  +U	b	2	2
--  -U	b	2	2
--  +U	b	3	2
--  -U	a	5	2
--  +U	a	6	2
--  -U	a	6	2
--  +U	a	7	2

SELECT k, v, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY pt) AS n FROM e) WHERE n <= 2;
--out
--  +I	a	1	1
--  +I	a	5	2
--  +I	b	<NULL>	1
--  +I	b	2	2
