-- In batch mode all functions, orders and frames.
SET 'execution.runtime-mode' = 'batch';
CREATE TABLE b (id INT, k STRING, v INT, d DATE)
WITH ('connector' = 'filesystem', 'path' = '${dir}/b.jsonl', 'format' = 'json');
--file b.jsonl
--  {"id":1,"k":"a","v":1,"d":"2020-01-01"}
--  {"id":2,"k":"a","v":3,"d":"2020-01-02"}
--  {"id":3,"k":"a","v":3,"d":"2020-01-02"}
--  {"id":4,"k":"b","v":null,"d":"2020-01-04"}
--  {"id":5,"k":"b","v":2,"d":"2020-01-05"}
--  {"id":6,"k":"a","v":4,"d":"2020-01-07"}
--  {"id":7,"k":"b","v":9,"d":"2020-01-08"}

SELECT id, ROW_NUMBER() OVER w AS a, RANK() OVER w AS b, DENSE_RANK() OVER w AS c, PERCENT_RANK() OVER w AS d, CUME_DIST() OVER w AS e, NTILE(2) OVER w AS f FROM b WINDOW w AS (PARTITION BY k ORDER BY v);
--out sorted
--  +I	1	1	1	1	0.0	0.25	1
--  +I	2	2	2	2	0.3333333333333333	0.5	1
--  +I	3	3	2	2	0.3333333333333333	0.75	2
--  +I	6	4	4	3	1.0	1.0	2
--  +I	4	1	1	1	0.0	0.3333333333333333	1
--  +I	5	2	2	2	0.5	0.6666666666666666	1
--  +I	7	3	3	3	1.0	1.0	2

SELECT id, LAG(v) OVER w AS a, LEAD(v) OVER w AS b, LEAD(v, 2, 0) OVER w AS c, FIRST_VALUE(v) OVER w AS d, LAST_VALUE(v) OVER w AS e FROM b WINDOW w AS (PARTITION BY k ORDER BY id);
--out sorted
--  +I	1	<NULL>	3	3	1	1
--  +I	2	1	3	4	1	3
--  +I	3	3	4	0	1	3
--  +I	6	3	<NULL>	0	1	4
--  +I	4	<NULL>	2	9	<NULL>	<NULL>
--  +I	5	<NULL>	9	0	2	2
--  +I	7	2	<NULL>	0	2	9

SELECT id, SUM(v) OVER (PARTITION BY k ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS a, SUM(v) OVER (PARTITION BY k ORDER BY id ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS b, COUNT(*) OVER (PARTITION BY k) AS c, MAX(v) OVER () AS d FROM b;
--out sorted
--  +I	1	4	10	4	9
--  +I	2	7	7	4	9
--  +I	3	10	4	4	9
--  +I	6	7	<NULL>	4	9
--  +I	4	2	11	3	9
--  +I	5	11	9	3	9
--  +I	7	11	<NULL>	3	9

SELECT id, SUM(v) OVER (ORDER BY v RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS a, SUM(v) OVER (ORDER BY v DESC RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) AS b, COUNT(*) OVER (ORDER BY d RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT ROW) AS c FROM b;
--out sorted
--  +I	1	3	3	1
--  +I	2	12	10	3
--  +I	3	12	10	3
--  +I	4	<NULL>	<NULL>	1
--  +I	5	9	8	2
--  +I	6	10	4	1
--  +I	7	9	9	2

SELECT k, SUM(v) AS s, RANK() OVER (ORDER BY SUM(v) DESC) AS r FROM b GROUP BY k;
--out sorted
--  +I	a	11	1
--  +I	b	11	1
