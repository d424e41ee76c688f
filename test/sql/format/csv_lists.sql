-- Arrays and rows in one field each.
CREATE TABLE t (id INT, tags ARRAY<STRING>, ns ARRAY<INT>, r ROW<s STRING, n INT>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.csv', 'format' = 'csv', 'csv.null-literal' = 'n/a');
--file t.csv
--  1,a;b;c,1;2,x;7
--  2,,,
--  3,n/a,n/a,n/a;n/a
--  4,a;;b,5,;5
--  5,"q;""r"";s,t",3,"y z;8"
--  6, a ; b , 4 ; 5 ,z;9

SELECT * FROM t;
--out
--  +I	1	[a, b, c]	[1, 2]	(x, 7)
--  +I	2	[]	[]	<NULL>
--  +I	3	[NULL]	[NULL]	(NULL, NULL)
--  +I	4	[a, , b]	[5]	(, 5)
--  +I	5	[q, "r", s,t]	[3]	(y z, 8)
--  +I	6	[ a ,  b ]	[4, 5]	(z, 9)

CREATE TABLE i (id INT, tags ARRAY<STRING>, ns ARRAY<INT>, r ROW<s STRING, n INT>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/i.csv', 'format' = 'csv', 'csv.null-literal' = 'n/a', 'csv.ignore-parse-errors' = 'true', 'csv.array-element-delimiter' = '|');
--file i.csv
--  1,a|b,1|x|3,x|7|9
--  2,a-b,2,x
--  3,a,2,x|y
--  4,n/a,n/a,n/a
--  5,a,,q|1

SELECT * FROM i;
--out
--  +I	1	[a, b]	[1, NULL, 3]	(x, 7)
--  +I	2	[a-b]	[2]	(x, NULL)
--  +I	3	[a]	[2]	(x, NULL)
--  +I	4	[NULL]	[NULL]	(NULL, NULL)
--  +I	5	[a]	[]	(q, 1)
