-- Rows are given when the watermark has passed them; of one time in the order of what comes behind.
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

SELECT k, v FROM e ORDER BY rt, v DESC;
--out
--  +I	a	1
--  +I	a	5
--  +I	a	3
--  +I	b	<NULL>
--  +I	a	3
--  +I	a	8
--  +I	a	7
--  +I	b	9
--  +I	b	2
--  +I	b	3
--  +I	a	7
