-- Tables and views: what CREATE, DESCRIBE, SHOW and DROP answer.
CREATE TABLE clicks (
  who    STRING NOT NULL COMMENT 'the user',
  ts     TIMESTAMP(3),
  n      DECIMAL(10, 2),
  part   INT METADATA FROM 'partition' VIRTUAL,
  `timestamp` TIMESTAMP(6) METADATA,
  double_n AS n * 2,
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND,
  PRIMARY KEY (who) NOT ENFORCED
) WITH ('connector' = 'kafka', 'topic' = 'clicks', 'format' = 'json', 'json.ignore-parse-errors' = 'true');
DESCRIBE clicks;
--->
--  name | type | null | key | extras | watermark | comment
--  who | STRING | FALSE | PRI(who) | <NULL> | <NULL> | the user
--  ts | TIMESTAMP(3) *ROWTIME* | TRUE | <NULL> | <NULL> | `ts` - INTERVAL '5' SECOND | <NULL>
--  n | DECIMAL(10, 2) | TRUE | <NULL> | <NULL> | <NULL> | <NULL>
--  part | INT | TRUE | <NULL> | METADATA FROM 'partition' VIRTUAL | <NULL> | <NULL>
--  timestamp | TIMESTAMP(6) | TRUE | <NULL> | METADATA | <NULL> | <NULL>
--  double_n | DECIMAL(21, 2) | TRUE | <NULL> | AS `n` * 2 | <NULL> | <NULL>

SHOW CREATE TABLE clicks;
--->
--  result
--  CREATE TABLE `default_catalog`.`default_database`.`clicks` (
--    `who` VARCHAR(2147483647) NOT NULL COMMENT 'the user',
--    `ts` TIMESTAMP(3),
--    `n` DECIMAL(10, 2),
--    `part` INT METADATA FROM 'partition' VIRTUAL,
--    `timestamp` TIMESTAMP(6) METADATA,
--    `double_n` AS `n` * 2,
--    WATERMARK FOR `ts` AS `ts` - INTERVAL '5' SECOND,
--    CONSTRAINT `PK_who` PRIMARY KEY (`who`) NOT ENFORCED
--  )
--  WITH (
--    'connector' = 'kafka',
--    'topic' = 'clicks',
--    'format' = 'json',
--    'json.ignore-parse-errors' = 'true'
--  )

CREATE TABLE clicks (a INT);
--->
--  error: a table "clicks" exists
--  CREATE TABLE clicks (a INT);
--               ^^^^^^
--  hint: use IF NOT EXISTS, or DROP it first

CREATE TABLE IF NOT EXISTS clicks (a INT);
--->
--  ok

CREATE VIEW big AS SELECT who, n FROM clicks WHERE n > 10;
DESCRIBE big;
--->
--  name | type | null | key | extras | watermark
--  who | STRING | FALSE | <NULL> | <NULL> | <NULL>
--  n | DECIMAL(10, 2) | TRUE | <NULL> | <NULL> | <NULL>

SHOW TABLES LIKE '%i%';
--->
--  table name
--  big
--  clicks

SHOW VIEWS;
--->
--  view name
--  big

CREATE VIEW broken AS SELECT whoo FROM clicks;
--->
--  error: column "whoo" not found in "clicks"
--  CREATE VIEW broken AS SELECT whoo FROM clicks;
--                               ^^^^
--  hint: did you mean "who"?

DROP VIEW clicks;
--->
--  error: drop view "clicks": it is a table
--  DROP VIEW clicks;
--            ^^^^^^
--  hint: use DROP TABLE

DROP TABLE click;
--->
--  error: table "click" not found
--  DROP TABLE click;
--             ^^^^^
--  hint: did you mean "clicks"?

DROP TABLE IF EXISTS nowhere;
--->
--  ok

CREATE TABLE more (extra INT) WITH ('topic' = 'more') LIKE clicks (EXCLUDING WATERMARKS);
SHOW CREATE TABLE more;
--->
--  result
--  CREATE TABLE `default_catalog`.`default_database`.`more` (
--    `who` VARCHAR(2147483647) NOT NULL COMMENT 'the user',
--    `ts` TIMESTAMP(3),
--    `n` DECIMAL(10, 2),
--    `part` INT METADATA FROM 'partition' VIRTUAL,
--    `timestamp` TIMESTAMP(6) METADATA,
--    `double_n` AS `n` * 2,
--    `extra` INT,
--    CONSTRAINT `PK_who` PRIMARY KEY (`who`) NOT ENFORCED
--  )
--  WITH (
--    'connector' = 'kafka',
--    'format' = 'json',
--    'json.ignore-parse-errors' = 'true',
--    'topic' = 'more'
--  )

CREATE TABLE x (a INT) WITH ('connector' = 'kafak');
--->
--  error: connector "kafak" is not known
--  CREATE TABLE x (a INT) WITH ('connector' = 'kafak');
--                               ^^^^^^^^^^^^^^^^^^^^^
--  hint: did you mean "kafka"?

CREATE TABLE x (a INT) WITH ('connector' = 'mqtt');
--->
--  error: connector "mqtt" is not known
--  CREATE TABLE x (a INT) WITH ('connector' = 'mqtt');
--                               ^^^^^^^^^^^^^^^^^^^^
--  hint: it is one of datagen, kafka, print; other systems reach SQL through the bus

CREATE TABLE x (a INT) WITH ('connector' = 'kafka', 'topic' = 'x', 'format' = 'jsn');
--->
--  error: format "jsn" is not known
--  CREATE TABLE x (a INT) WITH ('connector' = 'kafka', 'topic' = 'x', 'format' = 'jsn');
--                                                                     ^^^^^^^^^^^^^^^^
--  hint: did you mean "json"?

CREATE TABLE x (a INT) WITH ('connector' = 'kafka', 'topic' = 'x', 'format' = 'json', 'scan.startup.mod' = 'x');
--->
--  error: option "scan.startup.mod" is not known to connector "kafka"
--  CREATE TABLE x (a INT) WITH ('connector' = 'kafka', 'topic' = 'x', 'format' = 'json', 'scan.startup.mod' = 'x');
--                                                                                        ^^^^^^^^^^^^^^^^^^^^^^^^
--  hint: did you mean "scan.startup.mode"?

CREATE TABLE x (a INT) WITH ('connector' = 'kafka', 'topic' = 'x', 'format' = 'json', 'json.ignore-parse-errors' = 'ja');
--->
--  error: option "ignore-parse-errors" of format "json": "ja" is neither true nor false
--  CREATE TABLE x (a INT) WITH ('connector' = 'kafka', 'topic' = 'x', 'format' = 'json', 'json.ignore-parse-errors' = 'ja');
--                                                                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

CREATE TABLE x (a INT) WITH ('connector' = 'kafka', 'format' = 'json');
--->
--  error: option "topic" of connector "kafka" is missing
--  CREATE TABLE x (a INT) WITH ('connector' = 'kafka', 'format' = 'json');
--               ^
--  hint: The topic.

CREATE TABLE x (a STRING, WATERMARK FOR a AS a);
--->
--  error: the watermark wants a TIMESTAMP(3) or TIMESTAMP_LTZ(3), but "a" is STRING
--  CREATE TABLE x (a STRING, WATERMARK FOR a AS a);
--                                          ^
--  hint: declare it as TIMESTAMP(3), or compute such a column

CREATE TABLE x (a TIMESTAMP(6), WATERMARK FOR a AS a);
--->
--  error: the watermark wants a TIMESTAMP(3) or TIMESTAMP_LTZ(3), but "a" is TIMESTAMP(6)
--  CREATE TABLE x (a TIMESTAMP(6), WATERMARK FOR a AS a);
--                                                ^
--  hint: declare it as TIMESTAMP(3), or compute such a column

CREATE TABLE x (a DECIMAL(40, 2));
--->
--  error: DECIMAL(40, 2): want a number from 1 to 38
--  CREATE TABLE x (a DECIMAL(40, 2));
--                    ^^^^^^^^^^^^^^

CREATE TABLE x (a INT METADATA FROM 'ofset') WITH ('connector' = 'kafka', 'topic' = 'x', 'format' = 'json');
--->
--  error: the connector has no metadata "ofset"
--  CREATE TABLE x (a INT METADATA FROM 'ofset') WITH ('connector' = 'kafka', 'topic' = 'x', 'format' = 'json');
--                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^
--  hint: it has offset, partition, timestamp

CREATE TABLE x (a INT, b AS c + 1);
--->
--  error: column "c" not found in "x"
--  CREATE TABLE x (a INT, b AS c + 1);
--                              ^

SET 'table.local-time-zone' = 'Nowhere/City';
--->
--  error: time zone "Nowhere/City" is not known
--  SET 'table.local-time-zone' = 'Nowhere/City';
--                                ^^^^^^^^^^^^^^
--  hint: write a region such as Asia/Shanghai, UTC or GMT+08:00

SET 'execution.runtime-mod' = 'batch';
--->
--  error: setting "execution.runtime-mod" is not known
--  SET 'execution.runtime-mod' = 'batch';
--      ^^^^^^^^^^^^^^^^^^^^^^^
--  hint: did you mean "execution.runtime-mode"?

SET 'execution.runtime-mode' = 'bach';
--->
--  error: setting "execution.runtime-mode": "bach" is none of STREAMING, BATCH
--  SET 'execution.runtime-mode' = 'bach';
--                                 ^^^^^^

SET 'unheard.of' = '1';
--->
--  error: setting "unheard.of" is not known
--  SET 'unheard.of' = '1';
--      ^^^^^^^^^^^^
--  hint: Flink has no such key either; SET 'key' = 'value' takes Flink's keys only

SET 'table.local-time-zone' = 'GMT+08:00';
SET;
--->
--  key | value
--  table.local-time-zone | GMT+08:00

RESET;
SET;
--->
--  key | value

SELECT * FROM default_catalog.default_database.clicks;
--->
--  Collect [who, ts, n, part, timestamp, double_n]
--    Scan clicks (kafka, json) read=[who, ts, n, part METADATA partition, timestamp METADATA timestamp] columns=[who, ts, n, part, CAST(timestamp AS TIMESTAMP(6)) AS timestamp, (n * 2) AS double_n] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT * FROM other_db.clicks;
--->
--  error: database "other_db" not found
--  SELECT * FROM other_db.clicks;
--                ^^^^^^^^
--  hint: use CREATE DATABASE, or leave it out
