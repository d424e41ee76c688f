-- Projection, filter, views and what they are pushed down to.
CREATE TABLE t (
  id STRING NOT NULL, a INT, b BIGINT, d DOUBLE, s STRING, ts TIMESTAMP(3), unused STRING,
  c AS a + 1,
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'json');
CREATE TABLE plain (x INT, y STRING) WITH ('connector' = 'datagen');
SELECT x FROM plain;
--->
--  Collect [x]
--    Scan plain (datagen) read=[x]

SELECT a, c FROM t WHERE b > 1 AND d < 2.5;
--->
--  Collect [a, c]
--    Project [a, c]
--      Filter ((b > 1) AND (d < 2.5E+00))
--        Scan t (kafka, json) read=[id, a, b, d, ts] columns=[a, b, d, ts, (a + 1) AS c] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT * FROM plain AS p WHERE p.x IN (1, 2) AND y NOT LIKE 'z%';
--->
--  Collect [x, y]
--    Filter (IN(x, 1, 2) AND NOT(LIKE(y, 'z%')))
--      Scan plain (datagen) read=[x, y]

SELECT q.z + 1 AS w FROM (SELECT x * 2 AS z, y FROM plain WHERE x > 0) AS q WHERE z < 100 AND y = 'k';
--->
--  Collect [w]
--    Project [((x * 2) + 1) AS w]
--      Filter ((x > 0) AND ((x * 2) < 100) AND (y = 'k'))
--        Scan plain (datagen) read=[x, y]

CREATE VIEW v AS SELECT id, (d - 32) * 5 / 9 AS celsius, ts FROM t WHERE d IS NOT NULL;
SELECT id, celsius FROM v WHERE celsius > 30;
--->
--  Collect [id, celsius]
--    Project [id, (((d - 3.2E+01) * 5E+00) / 9E+00) AS celsius]
--      Filter (d IS NOT NULL AND ((((d - 3.2E+01) * 5E+00) / 9E+00) > 3E+01))
--        Scan t (kafka, json) read=[id, d, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

WITH w (k) AS (SELECT id FROM t), z AS (SELECT k FROM w) SELECT k FROM z;
--->
--  Collect [k]
--    Project [id AS k]
--      Scan t (kafka, json) read=[id, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT 1 + 2 * 3, CAST('12' AS INT), INTERVAL '1' DAY, TIMESTAMP '2020-01-01 00:00:00', -5, NULL, TRUE OR x > 1 FROM plain;
--->
--  Collect [EXPR$0, EXPR$1, EXPR$2, EXPR$3, EXPR$4, EXPR$5, EXPR$6]
--    Project [7 AS EXPR$0, 12 AS EXPR$1, INTERVAL '86400' SECOND AS EXPR$2, TIMESTAMP '2020-01-01 00:00:00' AS EXPR$3, -5 AS EXPR$4, NULL AS EXPR$5, TRUE AS EXPR$6]
--      Scan plain (datagen) read=[x]

SELECT CASE WHEN x > 1 THEN 'big' WHEN x = 1 THEN 'one' ELSE NULL END, COALESCE(x, 0), IF(x > 1, 1, 2.5), NULLIF(x, 1), x BETWEEN 1 AND 3, NOT x = 1 FROM plain;
--->
--  Collect [EXPR$0, EXPR$1, EXPR$2, EXPR$3, EXPR$4, EXPR$5]
--    Project [CASE WHEN (x > 1) THEN 'big' WHEN (x = 1) THEN 'one' ELSE NULL END AS EXPR$0, CASE WHEN x IS NOT NULL THEN x ELSE 0 END AS EXPR$1, CASE WHEN (x > 1) THEN 1.0 ELSE 2.5 END AS EXPR$2, CASE WHEN (x = 1) THEN NULL ELSE x END AS EXPR$3, ((x >= 1) AND (x <= 3)) AS EXPR$4, NOT((x = 1)) AS EXPR$5]
--      Scan plain (datagen) read=[x]

SELECT x, x, x + 1, x FROM plain LIMIT 5 OFFSET 2;
--->
--  Collect [x, x0, EXPR$2, x1]
--    Limit 5 offset 2
--      Project [x, x AS x0, (x + 1) AS EXPR$2, x AS x1]
--        Scan plain (datagen) read=[x]

SELECT x FROM plain UNION ALL SELECT b FROM t UNION ALL VALUES (1);
--->
--  Collect [x]
--    Union
--      Project [CAST(x AS BIGINT) AS x]
--        Scan plain (datagen) read=[x]
--      Project [b]
--        Scan t (kafka, json) read=[id, b, ts] columns=[b, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts
--      Project [CAST(EXPR$0 AS BIGINT) AS EXPR$0]
--        Values [EXPR$0] (1)

SELECT 1 AS one_, 'x' AS y;
--->
--  Collect [one_, y]
--    Values [one_, y] (1, 'x')

VALUES (1, 'a'), (2.5, NULL);
--->
--  Collect [EXPR$0, EXPR$1]
--    Values [EXPR$0, EXPR$1] (1.0, 'a'), (2.5, NULL)

SELECT k FROM (VALUES (1, 'a'), (2, 'b')) AS vals (k, w) WHERE k > 1;
--->
--  Collect [k]
--    Filter (EXPR$0 > 1)
--      Values [EXPR$0] (1), (2)

SELECT temprature FROM t;
--->
--  error: column "temprature" not found in "t"
--  SELECT temprature FROM t;
--         ^^^^^^^^^^

SELECT t.ids FROM t;
--->
--  error: column "ids" not found in "t"
--  SELECT t.ids FROM t;
--           ^^^
--  hint: did you mean "id"?

SELECT u.id FROM t;
--->
--  error: table "u" not found
--  SELECT u.id FROM t;
--         ^

SELECT * FROM tt;
--->
--  error: table "tt" not found
--  SELECT * FROM tt;
--                ^^

SELECT LOCALTIMSTAMP() FROM t;
--->
--  error: function LOCALTIMSTAMP not found
--  SELECT LOCALTIMSTAMP() FROM t;
--         ^^^^^^^^^^^^^^^
--  hint: did you mean LOCALTIMESTAMP?

SELECT s + 1 FROM t;
--->
--  error: + does not take (STRING, INT)
--  SELECT s + 1 FROM t;
--         ^^^^^
--  hint: it takes two numbers, or a time and an INTERVAL

SELECT 1 / 0;
--->
--  error: / by zero
--  SELECT 1 / 0;
--         ^^^^^
--  hint: guard the division, for example x / NULLIF(y, 0)

SELECT a FROM t WHERE a;
--->
--  error: WHERE wants a BOOLEAN, not INT
--  SELECT a FROM t WHERE a;
--                        ^

SELECT CAST(ts AS INT) FROM t;
--->
--  error: TIMESTAMP(3) cannot be cast to INT
--  SELECT CAST(ts AS INT) FROM t;
--         ^^^^^^^^^^^^^^^

SELECT CASE WHEN TRUE THEN 1 WHEN FALSE THEN 'a' END;
--->
--  error: the branches have no common type: INT, CHAR(1), NULL
--  SELECT CASE WHEN TRUE THEN 1 WHEN FALSE THEN 'a' END;
--         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
--  hint: cast them to one type

SELECT CASE WHEN a > 1 THEN 1 ELSE TRUE END FROM t;
--->
--  error: the branches have no common type: INT, BOOLEAN
--  SELECT CASE WHEN a > 1 THEN 1 ELSE TRUE END FROM t;
--         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
--  hint: cast them to one type

SELECT a FROM t ORDER BY a;
--->
--  error: Sort on a non-time-attribute field is not supported.
--  SELECT a FROM t ORDER BY a;
--                           ^
--  hint: order by an ascending time attribute first, or add LIMIT

SELECT * FROM t JOIN plain ON t.a = plain.x;
--->
--  Collect [id, a, b, d, s, ts, unused, c, x, y]
--    Join INNER on=[a = x]
--      Scan t (kafka, json) read=[id, a, b, d, s, ts, unused] columns=[id, a, b, d, s, ts, unused, (a + 1) AS c] watermark=(ts - INTERVAL '5' SECOND) FOR ts
--      Scan plain (datagen) read=[x, y]

SELECT a FROM t WHERE EXISTS (SELECT 1);
--->
--  Collect [a]
--    Join SEMI
--      Project [a]
--        Scan t (kafka, json) read=[id, a, ts] columns=[a, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts
--      Project [TRUE AS row]
--        Values [EXPR$0] (1)

SELECT a FROM t UNION ALL SELECT s FROM t;
--->
--  error: UNION: column 1 is INT in one query and STRING in the other
--  SELECT a FROM t UNION ALL SELECT s FROM t;
--                            ^^^^^^^^^^^^^^^

SELECT a FROM t UNION ALL SELECT a, b FROM t;
--->
--  error: UNION of 1 columns with 2 columns
--  SELECT a FROM t UNION ALL SELECT a, b FROM t;
--                            ^^^^^^^^^^^^^^^^^^

SELECT * ;
--->
--  error: * without FROM
--  SELECT * ;
--         ^
