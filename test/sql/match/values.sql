-- What MEASURES and DEFINE can say of the rows of a match.
CREATE TABLE ticker (id INT, symbol STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = '${dir}/ticker.csv', 'format' = 'csv', 'csv.null-literal' = 'null');
--file ticker.csv
--  1,ACME,20,2020-01-01 00:00:01
--  2,ACME,19,2020-01-01 00:00:02
--  3,ACME,18,2020-01-01 00:00:03
--  4,ACME,17,2020-01-01 00:00:04
--  5,ACME,16,2020-01-01 00:00:05
--  6,ACME,15,2020-01-01 00:00:06
--  7,ACME,14,2020-01-01 00:00:07
--  8,ACME,20,2020-01-01 00:00:08
--  9,ACME,null,2020-01-01 00:00:09
--  10,null,4,2020-01-01 00:00:10
--  11,null,5,2020-01-01 00:00:11
--  12,null,6,2020-01-01 00:00:12

SELECT * FROM ticker MATCH_RECOGNIZE (
    ORDER BY ts
    MEASURES FIRST(id, 0) AS id0, FIRST(id, 1) AS id1, FIRST(id, 7) AS id7, FIRST(id, 8) AS id8,
        LAST(id, 0) AS l0, LAST(id, 1) AS l1, LAST(id, 7) AS l7, LAST(id, 8) AS l8, id AS id, UP.id AS up,
        FIRST(DOWN.price + DOWN.id) AS e, LAST(DOWN.price * 2, 1) AS f, COALESCE(FIRST(DOWN.price, 50), -1) AS g
    PATTERN (DOWN{2,} UP)
    DEFINE DOWN AS price < LAST(price, 1) OR LAST(price, 1) IS NULL,
        UP AS price = FIRST(price) AND price > FIRST(price, 3) AND price = LAST(price, 7)
) AS T;
--out
--  +I	1	2	8	<NULL>	8	7	1	<NULL>	8	8	21	30	-1

-- NULL is a key like others; a condition that is NULL lets no row through, and the pattern may say what is not.
SELECT * FROM ticker MATCH_RECOGNIZE (
    PARTITION BY symbol
    ORDER BY ts
    MEASURES FIRST(A.id) AS a, LAST(B.id) AS b, COUNT(A.id) AS n, COUNT(B.id) AS m, SUM(C.price) AS c
    PATTERN (A C? B)
    DEFINE A AS price > 3, B AS price IS NULL OR price < 7, C AS price > 1000
) AS T;
--out sorted
--  +I	ACME	8	9	1	1	<NULL>
--  +I	<NULL>	10	11	1	1	<NULL>
--  +I	<NULL>	11	12	1	1	<NULL>

-- What is not yet mapped is NULL.
SELECT * FROM ticker MATCH_RECOGNIZE (
    ORDER BY ts
    MEASURES A.id AS a, B.id AS b
    PATTERN (A B)
    DEFINE A AS B.price IS NULL AND A.id = 2, B AS A.price = 19 AND B.price = 18
) AS T;
--out
--  +I	2	3

-- Over a query, in a join of its own result, and in an aggregate by its time.
CREATE TEMPORARY VIEW found AS
SELECT t, n FROM (SELECT * FROM ticker WHERE symbol IS NOT NULL) MATCH_RECOGNIZE (
    ORDER BY ts ASC, id DESC
    MEASURES MATCH_ROWTIME(ts) AS t, COUNT(*) AS n
    AFTER MATCH SKIP TO NEXT ROW
    PATTERN (A B) DEFINE B AS B.price < A.price
);
SELECT window_start, SUM(n) AS n FROM TABLE(TUMBLE(TABLE found, DESCRIPTOR(t), INTERVAL '5' SECOND)) GROUP BY window_start, window_end;
--out
--  +I	2020-01-01 00:00:00.000	6
--  +I	2020-01-01 00:00:05.000	6

SELECT a.n, t.id FROM found AS a JOIN ticker AS t ON a.t = t.ts WHERE t.id < 4;
--out sorted
--  +I	2	2
--  +I	2	3
