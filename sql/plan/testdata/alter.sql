-- What ALTER does to tables and views.
CREATE TABLE t (id INT NOT NULL, s STRING, d AS id * 2, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND) WITH ('connector' = 'datagen');
CREATE VIEW v AS SELECT id FROM t;

ALTER TABLE t ADD (first_one BIGINT COMMENT 'new' FIRST, sum_up AS id + first_one AFTER id, PRIMARY KEY (id) NOT ENFORCED);
DESCRIBE t;
--->
--  name | type | null | key | extras | watermark | comment
--  first_one | BIGINT | TRUE | <NULL> | <NULL> | <NULL> | new
--  id | INT | FALSE | PRI(id) | <NULL> | <NULL> | <NULL>
--  sum_up | BIGINT | TRUE | <NULL> | AS `id` + `first_one` | <NULL> | <NULL>
--  s | STRING | TRUE | <NULL> | <NULL> | <NULL> | <NULL>
--  d | INT | FALSE | <NULL> | AS `id` * 2 | <NULL> | <NULL>
--  ts | TIMESTAMP(3) *ROWTIME* | TRUE | <NULL> | <NULL> | `ts` - INTERVAL '1' SECOND | <NULL>

ALTER TABLE t MODIFY (s VARCHAR(10) NOT NULL AFTER ts, WATERMARK FOR ts AS ts);
SHOW CREATE TABLE t;
--->
--  result
--  CREATE TABLE `default_catalog`.`default_database`.`t` (
--    `first_one` BIGINT COMMENT 'new',
--    `id` INT NOT NULL,
--    `sum_up` AS `id` + `first_one`,
--    `d` AS `id` * 2,
--    `ts` TIMESTAMP(3),
--    `s` VARCHAR(10) NOT NULL,
--    WATERMARK FOR `ts` AS `ts`,
--    CONSTRAINT `PK_id` PRIMARY KEY (`id`) NOT ENFORCED
--  )
--  WITH (
--    'connector' = 'datagen'
--  )

ALTER TABLE t RENAME s TO name;
ALTER TABLE t DROP (sum_up, first_one);
ALTER TABLE t DROP CONSTRAINT PK_id;
ALTER TABLE t DROP WATERMARK;
ALTER TABLE t SET ('number-of-rows' = '5');
ALTER TABLE t RENAME TO u;
SHOW CREATE TABLE u;
--->
--  result
--  CREATE TABLE `default_catalog`.`default_database`.`u` (
--    `id` INT NOT NULL,
--    `d` AS `id` * 2,
--    `ts` TIMESTAMP(3),
--    `name` VARCHAR(10) NOT NULL
--  )
--  WITH (
--    'connector' = 'datagen',
--    'number-of-rows' = '5'
--  )

SHOW TABLES;
--->
--  table name
--  u
--  v

ALTER TABLE u RESET ('number-of-rows');
SHOW CREATE TABLE u;
--->
--  result
--  CREATE TABLE `default_catalog`.`default_database`.`u` (
--    `id` INT NOT NULL,
--    `d` AS `id` * 2,
--    `ts` TIMESTAMP(3),
--    `name` VARCHAR(10) NOT NULL
--  )
--  WITH (
--    'connector' = 'datagen'
--  )

ALTER VIEW v RENAME TO w;
ALTER VIEW w AS SELECT name AS n FROM u;
DESCRIBE w;
--->
--  name | type | null | key | extras | watermark
--  n | VARCHAR(10) | FALSE | <NULL> | <NULL> | <NULL>

ALTER TABLE IF EXISTS nothing RENAME TO x;
--->
--  ok

ALTER TABLE nothing RENAME TO x;
--->
--  error: table "nothing" not found
--  ALTER TABLE nothing RENAME TO x;
--              ^^^^^^^

ALTER TABLE w DROP a;
--->
--  error: "w" is a view
--  ALTER TABLE w DROP a;
--              ^
--  hint: use ALTER VIEW

ALTER VIEW u RENAME TO x;
--->
--  error: "u" is a table
--  ALTER VIEW u RENAME TO x;
--             ^
--  hint: use ALTER TABLE

ALTER TABLE u RENAME TO w;
--->
--  error: rename table "u": a view "w" exists
--  ALTER TABLE u RENAME TO w;
--                          ^

ALTER TABLE u ADD id INT;
--->
--  error: column "id" exists
--  ALTER TABLE u ADD id INT;
--                    ^^
--  hint: use MODIFY

ALTER TABLE u ADD a INT AFTER idd;
--->
--  error: column "idd" not found in "u"
--  ALTER TABLE u ADD a INT AFTER idd;
--                                ^^^
--  hint: did you mean "id"?

ALTER TABLE u MODIFY idd BIGINT;
--->
--  error: column "idd" not found in "u"
--  ALTER TABLE u MODIFY idd BIGINT;
--                       ^^^
--  hint: did you mean "id"?

ALTER TABLE u DROP (id);
--->
--  error: column "id" cannot be dropped: column "d" is computed from it
--  ALTER TABLE u DROP (id);
--                      ^^

ALTER TABLE u RENAME id TO x;
--->
--  error: column "id" cannot be renamed: column "d" is computed from it
--  ALTER TABLE u RENAME id TO x;
--                       ^^

ALTER TABLE u MODIFY id STRING;
--->
--  error: * does not take (STRING, INT)
--  ALTER TABLE u MODIFY id STRING;
--                ^^^^^^^^^^^^^^^^
--  hint: it takes two numbers, or a number and an INTERVAL

ALTER TABLE u ADD WATERMARK FOR name AS name;
--->
--  error: the watermark wants a TIMESTAMP(3) or TIMESTAMP_LTZ(3), but "name" is VARCHAR(10)
--  ALTER TABLE u ADD WATERMARK FOR name AS name;
--                                  ^^^^
--  hint: declare it as TIMESTAMP(3), or compute such a column

ALTER TABLE u MODIFY WATERMARK FOR ts AS ts;
--->
--  error: table "u" has no watermark
--  ALTER TABLE u MODIFY WATERMARK FOR ts AS ts;
--                       ^^^^^^^^^^^^^^^^^^^^^^
--  hint: use ADD

ALTER TABLE u DROP PRIMARY KEY;
--->
--  error: table "u" has no primary key
--  ALTER TABLE u DROP PRIMARY KEY;
--                ^^^^^^^^^^^^^^^^

ALTER TABLE u ADD PRIMARY KEY (ts) NOT ENFORCED;
ALTER TABLE u DROP CONSTRAINT PK_tz;
--->
--  error: constraint "PK_tz" not found: the primary key is called "PK_ts"
--  ALTER TABLE u DROP CONSTRAINT PK_tz;
--                                ^^^^^
--  hint: did you mean "PK_ts"?

ALTER TABLE u DROP ts;
--->
--  error: column "ts" cannot be dropped: the primary key has it
--  ALTER TABLE u DROP ts;
--                     ^^
--  hint: DROP PRIMARY KEY first

ALTER TABLE u SET ('number-of-row' = '5');
--->
--  error: option "number-of-row" is not known to connector "datagen"
--  ALTER TABLE u SET ('number-of-row' = '5');
--                     ^^^^^^^^^^^^^^^^^^^^^
--  hint: did you mean "number-of-rows"?

ALTER TABLE u RESET ('connector');
--->
--  error: a table cannot be without a connector
--  ALTER TABLE u RESET ('connector');
--                       ^^^^^^^^^^^

ALTER TABLE u DROP PRIMARY KEY;
ALTER TABLE u DROP (id, d, name, ts);
--->
--  error: table "u" would have no columns
--  ALTER TABLE u DROP (id, d, name, ts);
--                ^^^^^^^^^^^^^^^^^^^^^^
