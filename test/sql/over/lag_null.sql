-- The default of LAG stands for NULL, too; aggregates from the first row on.
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

SELECT v, LAG(v) OVER w AS a, LAG(v, 2, -1) OVER w AS b, LAG(v, 1, -1) OVER w AS c, LAG(v, 0) OVER w AS d FROM e WINDOW w AS (ORDER BY rt);
--out
--  +I	1	<NULL>	-1	-1	1
--  +I	<NULL>	1	-1	1	<NULL>
--  +I	3	<NULL>	1	-1	3
--  +I	5	3	-1	3	5
--  +I	3	5	3	5	3
--  +I	4	3	5	3	4
--  +I	-2	4	3	4	-2
--  +I	2	-2	4	-2	2
--  +I	6	2	-2	2	6

SELECT v, SUM(v) OVER w AS a, COUNT(v) OVER w AS b, FIRST_VALUE(v) OVER w AS c, LAST_VALUE(v) OVER w AS d, COUNT(DISTINCT v) OVER w AS f FROM e WINDOW w AS (ORDER BY rt);
--out
--  +I	1	1	1	1	1	1
--  +I	<NULL>	1	1	1	1	1
--  +I	3	4	2	1	3	2
--  +I	5	9	3	1	5	3
--  +I	3	12	4	1	3	3
--  +I	4	16	5	1	4	4
--  +I	-2	14	6	1	-2	5
--  +I	2	16	7	1	2	6
--  +I	6	22	8	1	6	7
