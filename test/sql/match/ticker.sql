-- The first example of Flink's page on pattern recognition: a price that falls and rises again.
CREATE TABLE ticker (symbol STRING, price INT, tax INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
WITH ('connector' = 'filesystem', 'path' = '${dir}/ticker.csv', 'format' = 'csv');
--file ticker.csv
--  ACME,12,1,2011-04-01 10:00:00
--  BETA,5,1,2011-04-01 10:00:00
--  ACME,17,2,2011-04-01 10:00:01
--  ACME,21,3,2011-04-01 10:00:03
--  ACME,19,1,2011-04-01 10:00:02
--  BETA,4,1,2011-04-01 10:00:03
--  ACME,25,2,2011-04-01 10:00:04
--  ACME,18,1,2011-04-01 10:00:05
--  BETA,3,1,2011-04-01 10:00:05
--  ACME,15,1,2011-04-01 10:00:06
--  ACME,14,2,2011-04-01 10:00:07
--  ACME,24,2,2011-04-01 10:00:08
--  BETA,9,1,2011-04-01 10:00:08
--  ACME,25,2,2011-04-01 10:00:09
--  ACME,19,1,2011-04-01 10:00:10
--  BETA,1,1,2011-04-01 10:00:01

SELECT *
FROM ticker
    MATCH_RECOGNIZE (
        PARTITION BY symbol
        ORDER BY ts
        MEASURES
            START_ROW.ts AS start_tstamp,
            LAST(PRICE_DOWN.ts) AS bottom_tstamp,
            LAST(PRICE_UP.ts) AS end_tstamp
        ONE ROW PER MATCH
        AFTER MATCH SKIP TO LAST PRICE_UP
        PATTERN (START_ROW PRICE_DOWN+ PRICE_UP)
        DEFINE
            PRICE_DOWN AS
                (LAST(PRICE_DOWN.price, 1) IS NULL AND PRICE_DOWN.price < START_ROW.price) OR
                    PRICE_DOWN.price < LAST(PRICE_DOWN.price, 1),
            PRICE_UP AS
                PRICE_UP.price > LAST(PRICE_DOWN.price, 1)
    ) MR;
--out sorted
--  +I	ACME	2011-04-01 10:00:04.000	2011-04-01 10:00:07.000	2011-04-01 10:00:08.000
--  +I	BETA	2011-04-01 10:00:00.000	2011-04-01 10:00:05.000	2011-04-01 10:00:08.000

SELECT symbol, startPrice, topPrice, lastPrice, t
FROM ticker MATCH_RECOGNIZE (
    PARTITION BY symbol
    ORDER BY ts
    MEASURES FIRST(A.price) AS startPrice, LAST(A.price) AS topPrice, B.price AS lastPrice, MATCH_ROWTIME() AS t
    PATTERN (A+ B)
    DEFINE
        A AS LAST(A.price, 1) IS NULL OR A.price > LAST(A.price, 1),
        B AS B.price < LAST(A.price)
);
--out sorted
--  +I	BETA	5	5	4	2011-04-01 10:00:03.000
--  +I	ACME	12	25	18	2011-04-01 10:00:05.000
--  +I	ACME	17	25	18	2011-04-01 10:00:05.000
--  +I	ACME	19	25	18	2011-04-01 10:00:05.000
--  +I	ACME	21	25	18	2011-04-01 10:00:05.000
--  +I	ACME	25	25	18	2011-04-01 10:00:05.000
--  +I	BETA	4	4	3	2011-04-01 10:00:05.000
--  +I	ACME	18	18	15	2011-04-01 10:00:06.000
--  +I	ACME	15	15	14	2011-04-01 10:00:07.000
--  +I	ACME	14	25	19	2011-04-01 10:00:10.000
--  +I	ACME	24	25	19	2011-04-01 10:00:10.000
--  +I	ACME	25	25	19	2011-04-01 10:00:10.000
