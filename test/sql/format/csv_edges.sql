-- Blanks, empty fields, surplus and missing columns.
CREATE TABLE t (s STRING, i INT, d DOUBLE)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.csv', 'format' = 'csv', 'csv.ignore-parse-errors' = 'true');
--file t.csv
--   a , 1 ,2.5
--  ,2,
--  b,,3
--  c,4
--  d,5,6,7
--  "e","6","7"
--  f,1e3,1e3
--  'g',7,8

SELECT * FROM t;
--out
--  +I	 a 	1	2.5
--  +I		2	<NULL>
--  +I	b	<NULL>	3.0
--  +I	c	4	<NULL>
--  +I	e	6	7.0
--  +I	f	<NULL>	1000.0
--  +I	'g'	7	8.0
