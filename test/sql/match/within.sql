-- A match must be shorter than WITHIN, after Flink's page on pattern recognition.
CREATE TABLE ticker (symbol STRING, price INT, tax INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = '${dir}/ticker.csv', 'format' = 'csv');
--file ticker.csv
--  ACME,20,1,2011-04-01 10:00:00
--  ACME,17,2,2011-04-01 10:20:00
--  ACME,18,1,2011-04-01 10:40:00
--  ACME,11,3,2011-04-01 11:00:00
--  ACME,14,2,2011-04-01 11:20:00
--  ACME,9,1,2011-04-01 11:40:00
--  ACME,15,1,2011-04-01 12:00:00
--  ACME,14,2,2011-04-01 12:20:00
--  ACME,24,2,2011-04-01 12:40:00
--  ACME,1,2,2011-04-01 13:00:00
--  ACME,19,1,2011-04-01 13:20:00

SELECT *
FROM ticker
    MATCH_RECOGNIZE(
        PARTITION BY symbol
        ORDER BY ts
        MEASURES
            C.ts AS dropTime,
            A.price - C.price AS dropDiff
        ONE ROW PER MATCH
        AFTER MATCH SKIP PAST LAST ROW
        PATTERN (A B* C) WITHIN INTERVAL '1' HOUR
        DEFINE
            B AS B.price > A.price - 10,
            C AS C.price < A.price - 10
    );
--out
--  +I	ACME	2011-04-01 13:00:00.000	13

SELECT symbol, dropTime, dropDiff
FROM ticker
    MATCH_RECOGNIZE(
        PARTITION BY symbol
        ORDER BY ts
        MEASURES
            C.ts AS dropTime,
            A.price - C.price AS dropDiff
        PATTERN (A B* C) WITHIN INTERVAL '01:01:00' HOUR TO SECOND
        DEFINE
            B AS B.price > A.price - 10,
            C AS C.price < A.price - 10
    ) AS m
WHERE dropDiff > 1;
--out
--  +I	ACME	2011-04-01 13:00:00.000	14
--  +I	ACME	2011-04-01 13:00:00.000	13
--  +I	ACME	2011-04-01 13:00:00.000	23

-- Only what may still match is in the way of what has matched: the match of 11:20 waits until 10:00 has run out.
SELECT *
FROM ticker
    MATCH_RECOGNIZE(
        ORDER BY ts
        MEASURES A.price AS a, C.price AS c, COUNT(*) AS n, MATCH_ROWTIME() AS t
        AFTER MATCH SKIP TO NEXT ROW
        PATTERN (A B+ C) WITHIN INTERVAL '2' HOUR
        DEFINE
            B AS B.price < A.price,
            C AS C.price > A.price
    );
--out
--  +I	14	15	3	2011-04-01 12:40:00.000
--  +I	15	24	3	2011-04-01 12:40:00.000
