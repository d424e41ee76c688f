-- Made-up rows that are bounded and the same each time.
CREATE TABLE g (n INT, s STRING)
WITH ('connector' = 'datagen', 'number-of-rows' = '5', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '10', 'fields.s.length' = '3');

SELECT n, n * n AS sq, CHAR_LENGTH(s) AS len FROM g;
--out
--  +I	1	1	3
--  +I	2	4	3
--  +I	3	9	3
--  +I	4	16	3
--  +I	5	25	3

SELECT COUNT(*) AS c, MAX(n) AS m FROM g WHERE n > 4;
--out
--  +I	1	5
