-- CSV: quotes, another delimiter, NULL literals, comments.
CREATE TABLE t (i INT, s STRING, d DOUBLE, b BOOLEAN)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.csv', 'format' = 'csv', 'csv.field-delimiter' = ';', 'csv.null-literal' = 'n/a', 'csv.allow-comments' = 'true');
--file t.csv
--  1;plain;1.5;true
--  # a comment
--  2;"quoted; with ""two"" quotes";n/a;false
--  n/a;n/a;-0.5;n/a

SELECT * FROM t;
--out
--  +I	1	plain	1.5	TRUE
--  +I	2	quoted; with "two" quotes	<NULL>	FALSE
--  +I	<NULL>	<NULL>	-0.5	<NULL>
