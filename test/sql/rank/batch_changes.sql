-- What changes its rows over a stream gives only those at the end in batch mode.
SET 'execution.runtime-mode' = 'batch';
CREATE TABLE b (id INT, k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/b.jsonl', 'format' = 'json');
--file b.jsonl
--  {"id":1,"k":"a","v":1}
--  {"id":2,"k":"a","v":3}
--  {"id":3,"k":"b","v":2}
--  {"id":4,"k":"b","v":9}

SELECT x.id, y.id AS other FROM b AS x LEFT JOIN b AS y ON x.k = y.k AND x.v < y.v;
--out sorted
--  +I	1	2
--  +I	2	<NULL>
--  +I	3	4
--  +I	4	<NULL>

SELECT id, other, ROW_NUMBER() OVER (ORDER BY id DESC) AS n
FROM (SELECT x.id, y.id AS other FROM b AS x LEFT JOIN b AS y ON x.k = y.k AND x.v < y.v) ORDER BY n;
--out
--  +I	4	<NULL>	1
--  +I	3	4	2
--  +I	2	<NULL>	3
--  +I	1	2	4
