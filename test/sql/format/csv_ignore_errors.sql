-- csv.ignore-parse-errors.
CREATE TABLE t (i INT, s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.csv', 'format' = 'csv', 'csv.ignore-parse-errors' = 'true');
--file t.csv
--  1,a
--  x,b
--  3,c

SELECT * FROM t;
--out
--  +I	1	a
--  +I	<NULL>	b
--  +I	3	c
