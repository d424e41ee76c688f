-- Answers in an order of value, over rows that change themselves.
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

SELECT k, c, SUM(c) OVER (ORDER BY c) AS s FROM (SELECT k, COUNT(*) AS c FROM e GROUP BY k);
--out folded
--  +I	b	4	4
--  +I	a	8	12

SELECT k, COUNT(*) AS c, ROW_NUMBER() OVER (ORDER BY k) AS n FROM e GROUP BY k;
--out folded
--  +I	a	8	1
--  +I	b	4	2
