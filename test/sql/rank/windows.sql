-- Top-N and deduplication by windows, of rows and of aggregates: given when the window is over, and never changed.
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

SELECT window_start, k, v, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY v DESC) AS n FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(rt), INTERVAL '5' SECOND))) WHERE n <= 2;
--out sorted
--  +I	2020-01-01 00:00:00.000	a	5	1
--  +I	2020-01-01 00:00:00.000	a	3	2
--  +I	2020-01-01 00:00:05.000	b	9	1
--  +I	2020-01-01 00:00:05.000	a	8	2
--  +I	2020-01-01 00:00:10.000	a	7	1
--  +I	2020-01-01 00:00:10.000	b	3	2

SELECT window_start, k, s, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY s DESC, k) AS n FROM (SELECT window_start, window_end, k, SUM(v) AS s FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(rt), INTERVAL '5' SECOND)) GROUP BY window_start, window_end, k)) WHERE n <= 1;
--out sorted
--  +I	2020-01-01 00:00:00.000	a	12	1
--  +I	2020-01-01 00:00:05.000	a	15	1
--  +I	2020-01-01 00:00:10.000	a	7	1

SELECT window_start, k, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, k ORDER BY rt DESC) AS n FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(rt), INTERVAL '5' SECOND))) WHERE n = 1;
--out sorted
--  +I	2020-01-01 00:00:00.000	a	3
--  +I	2020-01-01 00:00:00.000	b	<NULL>
--  +I	2020-01-01 00:00:05.000	b	9
--  +I	2020-01-01 00:00:05.000	a	7
--  +I	2020-01-01 00:00:10.000	a	7
--  +I	2020-01-01 00:00:10.000	b	3
