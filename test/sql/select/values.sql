-- VALUES as a table, with names; all types agree.
SELECT * FROM (VALUES (1, 'a', 1.5), (2, 'b', 2.25), (3, 'ccc', -10)) AS v (n, s, d);
--out
--  +I	1	a	1.50
--  +I	2	b	2.25
--  +I	3	ccc	-10.00

SELECT n + 1 AS m FROM (VALUES (1), (2), (3)) AS v (n) WHERE n <> 2;
--out
--  +I	2
--  +I	4

VALUES (1, TRUE), (2, FALSE);
--out
--  +I	1	TRUE
--  +I	2	FALSE
