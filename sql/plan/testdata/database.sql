-- Databases, and temporary tables that hide others.
CREATE DATABASE d COMMENT 'one more' WITH ('k' = 'v');
CREATE DATABASE IF NOT EXISTS d;
CREATE TABLE t (a INT) WITH ('connector' = 'datagen');
USE d;
CREATE TABLE t (b BIGINT) WITH ('connector' = 'datagen');
CREATE VIEW v AS SELECT b FROM t;
CREATE VIEW default_database.v AS SELECT b FROM t;
SHOW TABLES;
--->
--  table name
--  t
--  v

SHOW TABLES FROM default_catalog.default_database LIKE 't%';
--->
--  table name
--  t

SHOW CREATE TABLE t;
--->
--  result
--  CREATE TABLE `default_catalog`.`d`.`t` (
--    `b` BIGINT
--  )
--  WITH (
--    'connector' = 'datagen'
--  )

SELECT * FROM v JOIN t ON TRUE;
--->
--  Collect [b, b0]
--    Join INNER
--      Scan d.t (datagen) read=[b]
--      Scan d.t (datagen) read=[b]

SHOW CURRENT DATABASE;
--->
--  current database name
--  d

DROP DATABASE d;
--->
--  error: database "d" is the current one
--  DROP DATABASE d;
--                ^
--  hint: USE another one before

USE CATALOG default_catalog;
SELECT a FROM t;
--->
--  Collect [a]
--    Scan t (datagen) read=[a]

SELECT b FROM v;
--->
--  Collect [b]
--    Scan d.t (datagen) read=[b]

SELECT b FROM d.v;
--->
--  Collect [b]
--    Scan d.t (datagen) read=[b]

SHOW DATABASES;
--->
--  database name
--  d
--  default_database

CREATE DATABASE d;
--->
--  error: a database "d" exists
--  CREATE DATABASE d;
--                  ^
--  hint: use IF NOT EXISTS

DROP DATABASE d;
--->
--  error: drop database "d": it is not empty
--  DROP DATABASE d;
--                ^
--  hint: use CASCADE, or drop its tables first

DROP DATABASE d CASCADE;
DROP DATABASE IF EXISTS d;
SELECT b FROM v;
--->
--  error: view "v": line 1, column 32: table "d.t" not found (did you mean default_database.t?)
--  SELECT b FROM v;
--                ^

USE d;
--->
--  error: database "d" not found
--  USE d;
--      ^
--  hint: use CREATE DATABASE, or leave it out

USE CATALOG mine;
--->
--  error: catalog "mine" not found: the only one is default_catalog
--  USE CATALOG mine;
--              ^^^^
--  hint: leave it out

DROP DATABASE default_database;
--->
--  error: the database default_database cannot be dropped
--  DROP DATABASE default_database;
--                ^^^^^^^^^^^^^^^^

SELECT * FROM defalt_database.t;
--->
--  error: database "defalt_database" not found
--  SELECT * FROM defalt_database.t;
--                ^^^^^^^^^^^^^^^
--  hint: did you mean "default_database"?

CREATE TEMPORARY TABLE t (c STRING) WITH ('connector' = 'datagen');
SELECT * FROM t;
--->
--  Collect [c]
--    Scan t (datagen) read=[c]

CREATE TEMPORARY TABLE t (c STRING) WITH ('connector' = 'datagen');
--->
--  error: a table "t" exists
--  CREATE TEMPORARY TABLE t (c STRING) WITH ('connector' = 'datagen');
--                         ^
--  hint: use IF NOT EXISTS, or DROP it first

DROP TABLE t;
--->
--  error: drop table "t": a temporary table of this name exists
--  DROP TABLE t;
--             ^
--  hint: use DROP TEMPORARY TABLE

DROP TEMPORARY TABLE t;
SELECT * FROM t;
--->
--  Collect [a]
--    Scan t (datagen) read=[a]

DROP TEMPORARY TABLE t;
--->
--  error: drop table "t": no such temporary table
--  DROP TEMPORARY TABLE t;
--                       ^

DROP TEMPORARY TABLE IF EXISTS t;
DROP TABLE t;
DROP TABLE t;
--->
--  error: table "t" not found
--  DROP TABLE t;
--             ^
