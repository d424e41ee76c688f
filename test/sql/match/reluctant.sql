-- Greedy and reluctant quantifiers, after Flink's page on pattern recognition.
CREATE TABLE ticker (symbol STRING, tax INT, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = '${dir}/ticker.csv', 'format' = 'csv');
--file ticker.csv
--  XYZ,1,10,2018-09-17 10:00:02
--  XYZ,2,11,2018-09-17 10:00:03
--  XYZ,1,12,2018-09-17 10:00:04
--  XYZ,2,13,2018-09-17 10:00:05
--  XYZ,1,14,2018-09-17 10:00:06
--  XYZ,2,16,2018-09-17 10:00:07

SELECT * FROM ticker MATCH_RECOGNIZE (
    PARTITION BY symbol ORDER BY ts MEASURES C.price AS lastPrice
    ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
    PATTERN (A B* C)
    DEFINE A AS A.price > 10, B AS B.price < 15, C AS C.price > 12);
--out
--  +I	XYZ	16

SELECT * FROM ticker MATCH_RECOGNIZE (
    PARTITION BY symbol ORDER BY ts MEASURES C.price AS lastPrice
    ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
    PATTERN (A B*? C)
    DEFINE A AS A.price > 10, B AS B.price < 15, C AS C.price > 12);
--out
--  +I	XYZ	13
--  +I	XYZ	16

SELECT * FROM ticker MATCH_RECOGNIZE (
    ORDER BY ts MEASURES A.price AS a, FIRST(B.price) AS b1, LAST(B.price) AS b2, COUNT(B.price) AS n, C.price AS c
    AFTER MATCH SKIP TO NEXT ROW
    PATTERN (A B{1,2} C) DEFINE A AS A.price > 1);
--out

SELECT * FROM ticker MATCH_RECOGNIZE (
    ORDER BY ts MEASURES A.price AS a, FIRST(B.price) AS b1, LAST(B.price) AS b2, COUNT(B.price) AS n, C.price AS c
    AFTER MATCH SKIP TO NEXT ROW
    PATTERN (A B{1,3} C) DEFINE B AS B.price < 15, C AS C.price > 12);
--out
--  +I	11	12	14	3	16
--  +I	12	13	14	2	16
--  +I	13	14	14	1	16

SELECT * FROM ticker MATCH_RECOGNIZE (
    ORDER BY ts MEASURES A.price AS a, FIRST(B.price) AS b1, LAST(B.price) AS b2, COUNT(B.price) AS n, C.price AS c
    AFTER MATCH SKIP TO NEXT ROW
    PATTERN (A B{1,3}? C) DEFINE B AS B.price < 15, C AS C.price > 12);
--out
--  +I	10	11	12	2	13
--  +I	11	12	12	1	13
--  +I	12	13	13	1	14
--  +I	13	14	14	1	16

SELECT * FROM ticker MATCH_RECOGNIZE (
    ORDER BY ts MEASURES A.price AS a, FIRST(B.price) AS b1, LAST(B.price) AS b2, COUNT(B.price) AS n, C.price AS c
    AFTER MATCH SKIP TO NEXT ROW
    PATTERN (A B{2,} C) DEFINE B AS B.price < 15, C AS C.price > 12);
--out
--  +I	10	11	14	4	16
--  +I	11	12	14	3	16
--  +I	12	13	14	2	16

SELECT * FROM ticker MATCH_RECOGNIZE (
    ORDER BY ts MEASURES A.price AS a, FIRST(B.price) AS b1, LAST(B.price) AS b2, COUNT(B.price) AS n, C.price AS c
    AFTER MATCH SKIP TO NEXT ROW
    PATTERN (A B{2,}? C{0,2}?) DEFINE B AS B.price < 15, C AS C.price > 12);
--out
--  +I	10	11	12	2	<NULL>
--  +I	11	12	13	2	<NULL>
--  +I	12	13	14	2	<NULL>

SELECT * FROM ticker MATCH_RECOGNIZE (
    ORDER BY ts MEASURES A.price AS a, B.price AS b, C.price AS c, D.price AS d
    AFTER MATCH SKIP TO NEXT ROW
    PATTERN (A B? C D?) DEFINE A AS A.tax = 1, B AS B.price < 13, C AS C.price > 11);
--out
--  +I	10	11	12	<NULL>
--  +I	12	<NULL>	13	<NULL>
--  +I	14	<NULL>	16	<NULL>

SELECT * FROM ticker MATCH_RECOGNIZE (
    ORDER BY ts MEASURES FIRST(A.price) AS a, LAST(A.price) AS b, COUNT(*) AS n
    AFTER MATCH SKIP PAST LAST ROW
    PATTERN (A{3}) DEFINE A AS A.price > 10);
--out
--  +I	11	13	3

SELECT * FROM ticker MATCH_RECOGNIZE (
    ORDER BY ts MEASURES FIRST(A.price) AS a, LAST(A.price) AS b, COUNT(*) AS n
    AFTER MATCH SKIP TO NEXT ROW
    PATTERN (A+?) DEFINE A AS A.price > 10);
--out
--  +I	11	11	1
--  +I	12	12	1
--  +I	13	13	1
--  +I	14	14	1
--  +I	16	16	1

SELECT * FROM ticker MATCH_RECOGNIZE (
    ORDER BY ts MEASURES FIRST(A.price) AS a, LAST(A.price) AS b, FIRST(B.price) AS c, COUNT(*) AS n
    AFTER MATCH SKIP PAST LAST ROW
    PATTERN (A+ B+ C) DEFINE A AS A.price < 13, B AS B.price > 10, C AS C.tax = 2);
--out
