-- Aggregates in DEFINE and MEASURES, after Flink's page on pattern recognition.
CREATE TABLE ticker (symbol STRING, price INT, tax INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = '${dir}/ticker.csv', 'format' = 'csv');
--file ticker.csv
--  ACME,12,1,2011-04-01 10:00:00
--  ACME,17,2,2011-04-01 10:00:01
--  ACME,13,1,2011-04-01 10:00:02
--  ACME,16,3,2011-04-01 10:00:03
--  ACME,25,2,2011-04-01 10:00:04
--  ACME,2,1,2011-04-01 10:00:05
--  ACME,4,1,2011-04-01 10:00:06
--  ACME,10,2,2011-04-01 10:00:07
--  ACME,15,2,2011-04-01 10:00:08
--  ACME,25,2,2011-04-01 10:00:09
--  ACME,25,1,2011-04-01 10:00:10
--  ACME,30,1,2011-04-01 10:00:11

SELECT *
FROM ticker
    MATCH_RECOGNIZE (
        PARTITION BY symbol
        ORDER BY ts
        MEASURES
            FIRST(A.ts) AS start_tstamp,
            LAST(A.ts) AS end_tstamp,
            AVG(A.price) AS avgPrice,
            SUM(A.price * A.tax) AS taxed,
            COUNT(*) AS n, COUNT(A.price) AS a, COUNT(B.price) AS b, SUM(price) AS total, MAX(symbol) AS s,
            LISTAGG(CAST(price AS STRING)) AS list
        ONE ROW PER MATCH
        AFTER MATCH SKIP PAST LAST ROW
        PATTERN (A+ B)
        DEFINE
            A AS AVG(A.price) < 15
    ) MR;
--out
--  +I	ACME	2011-04-01 10:00:00.000	2011-04-01 10:00:03.000	14	107	5	4	1	83	ACME	12,17,13,16,25
--  +I	ACME	2011-04-01 10:00:05.000	2011-04-01 10:00:10.000	13	131	7	6	1	111	ACME	2,4,10,15,25,25,30
