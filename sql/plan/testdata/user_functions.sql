-- Functions of users in plans: bodies stand in the place of calls, so that filters go down.
CREATE TABLE numbers (a INT, b STRING) WITH ('connector' = 'datagen');
CREATE FUNCTION plus_one (x INT) RETURNS INT RETURN x + 1;
CREATE FUNCTION twice (x DOUBLE) RETURNS DOUBLE RETURN x + x;
CREATE VIEW v AS SELECT plus_one(a) AS c, b FROM numbers;
SELECT c FROM v WHERE c > plus_one(1);
--->
--  Collect [c]
--    Project [(a + 1) AS c]
--      Filter ((a + 1) > 2)
--        Scan numbers (datagen) read=[a]
SELECT twice(RAND() * a), twice(a), twice(2.5) FROM numbers;
--->
--  Collect [EXPR$0, EXPR$1, EXPR$2]
--    Project [twice((RAND() * CAST(a AS DOUBLE))) AS EXPR$0, twice(CAST(a AS DOUBLE)) AS EXPR$1, 5E+00 AS EXPR$2]
--      Scan numbers (datagen) read=[a]
CREATE FUNCTION IF NOT EXISTS d AS '(x DOUBLE) RETURNS DOUBLE RETURN x / y' LANGUAGE SQL;
--->
--  error: parameter "y" not found
--  CREATE FUNCTION IF NOT EXISTS d AS '(x DOUBLE) RETURNS DOUBLE RETURN x / y' LANGUAGE SQL;
--                                                                           ^
DROP FUNCTION plus_one;
SELECT * FROM v;
--->
--  error: view "v": line 1, column 25: function PLUS_ONE not found
--  SELECT * FROM v;
--                ^
