-- A condition beside the one on the number lets changes through one by one, as Flink does.
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

SELECT k, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY rt DESC) AS n FROM e) WHERE n <= 1 AND v > 3;
--out
--  +U	b	5
--  +I	c	4
--  -U	c	4
--  -U	b	5
--  +U	a	6
