-- In batch mode any order, at the end; NULL comes first unless the order says otherwise.
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

SELECT id, v FROM b ORDER BY v, id;
--out
--  +I	4	<NULL>
--  +I	1	1
--  +I	5	2
--  +I	2	3
--  +I	3	3
--  +I	6	4
--  +I	7	9

SELECT id, v FROM b ORDER BY v DESC, id LIMIT 3;
--out
--  +I	7	9
--  +I	6	4
--  +I	2	3

SELECT id, v FROM b ORDER BY v NULLS LAST, id LIMIT 3 OFFSET 2;
--out
--  +I	2	3
--  +I	3	3
--  +I	6	4

SELECT k, SUM(v) AS s FROM b GROUP BY k ORDER BY s DESC, k LIMIT 1;
--out
--  +I	a	11

SELECT k, MAX(v) AS m FROM (SELECT * FROM b LIMIT 100) GROUP BY k ORDER BY k OFFSET 1;
--out
--  +I	b	9
