-- In batch mode a condition on any rank.
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

SELECT id FROM (SELECT *, RANK() OVER (PARTITION BY k ORDER BY v) AS n FROM b) WHERE n <= 1;
--out sorted
--  +I	1
--  +I	4

SELECT id, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS n FROM b) WHERE n <= 1;
--out sorted
--  +I	6	1
--  +I	7	1
