-- NULL comes first in ascending order.
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
--  {"ts":"2020-01-01 00:00:02","k":"a","v":null}
--  {"ts":"2020-01-01 00:00:03","k":"b","v":3}
--  {"ts":"2020-01-01 00:00:04","k":"b","v":5}
--  {"ts":"2020-01-01 00:00:05","k":"a","v":3}
--  {"ts":"2020-01-01 00:00:06","k":"c","v":4}
--  {"ts":"2020-01-01 00:00:07","k":"c","v":-2}
--  {"ts":"2020-01-01 00:00:08","k":"b","v":2}
--  {"ts":"2020-01-01 00:00:09","k":"a","v":6}

SELECT k, v, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v) AS n FROM e) WHERE n <= 2;
--out
--  +I	a	1	1
--  -U	a	1	1
--  +U	a	<NULL>	1
--  +I	a	1	2
--  +I	b	3	1
--  +I	b	5	2
--  +I	c	4	1
--  -U	c	4	1
--  +U	c	-2	1
--  +I	c	4	2
--  -U	b	3	1
--  +U	b	2	1
--  -U	b	5	2
--  +U	b	3	2
