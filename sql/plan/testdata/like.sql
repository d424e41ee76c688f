-- CREATE TABLE … LIKE and … AS.
CREATE TABLE base (
  id INT, part INT METADATA FROM 'partition' VIRTUAL, d AS id * 2, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts, PRIMARY KEY (id) NOT ENFORCED
) PARTITIONED BY (id) WITH ('connector' = 'kafka', 'topic' = 'x', 'format' = 'json');

CREATE TABLE a (more STRING, WATERMARK FOR ts AS ts - INTERVAL '1' SECOND) WITH ('topic' = 'y') LIKE base (OVERWRITING WATERMARKS);
SHOW CREATE TABLE a;
--->
--  result
--  CREATE TABLE `default_catalog`.`default_database`.`a` (
--    `id` INT NOT NULL,
--    `part` INT METADATA FROM 'partition' VIRTUAL,
--    `d` AS `id` * 2,
--    `ts` TIMESTAMP(3),
--    `more` VARCHAR(2147483647),
--    WATERMARK FOR `ts` AS `ts` - INTERVAL '1' SECOND,
--    CONSTRAINT `PK_id` PRIMARY KEY (`id`) NOT ENFORCED
--  )
--  PARTITIONED BY (`id`)
--  WITH (
--    'connector' = 'kafka',
--    'format' = 'json',
--    'topic' = 'y'
--  )

CREATE TABLE b (d AS id * 3, part INT METADATA FROM 'offset') LIKE base (OVERWRITING GENERATED OVERWRITING METADATA EXCLUDING CONSTRAINTS EXCLUDING PARTITIONS);
SHOW CREATE TABLE b;
--->
--  result
--  CREATE TABLE `default_catalog`.`default_database`.`b` (
--    `id` INT,
--    `part` INT METADATA FROM 'offset',
--    `d` AS `id` * 3,
--    `ts` TIMESTAMP(3),
--    WATERMARK FOR `ts` AS `ts`
--  )
--  WITH (
--    'connector' = 'kafka',
--    'topic' = 'x',
--    'format' = 'json'
--  )

CREATE TABLE c (ts TIMESTAMP(3)) WITH ('connector' = 'datagen') LIKE base (EXCLUDING ALL);
--->
--  error: column "ts" exists in the base table
--  CREATE TABLE c (ts TIMESTAMP(3)) WITH ('connector' = 'datagen') LIKE base (EXCLUDING ALL);
--                  ^^^^^^^^^^^^^^^

CREATE TABLE c (n INT) WITH ('connector' = 'datagen') LIKE base (EXCLUDING ALL INCLUDING GENERATED);
SHOW CREATE TABLE c;
--->
--  result
--  CREATE TABLE `default_catalog`.`default_database`.`c` (
--    `id` INT,
--    `d` AS `id` * 2,
--    `ts` TIMESTAMP(3),
--    `n` INT
--  )
--  WITH (
--    'connector' = 'datagen'
--  )

CREATE TABLE x (WATERMARK FOR ts AS ts) LIKE base;
--->
--  error: a watermark exists in the base table
--  CREATE TABLE x (WATERMARK FOR ts AS ts) LIKE base;
--                                          ^^^^^^^^^
--  hint: use EXCLUDING WATERMARKS or OVERWRITING WATERMARKS

CREATE TABLE x (n INT, PRIMARY KEY (n) NOT ENFORCED) LIKE base;
--->
--  error: a primary key exists in the base table
--  CREATE TABLE x (n INT, PRIMARY KEY (n) NOT ENFORCED) LIKE base;
--                                                       ^^^^^^^^^
--  hint: use EXCLUDING CONSTRAINTS

CREATE TABLE x (d AS 1) LIKE base;
--->
--  error: column "d" exists in the base table
--  CREATE TABLE x (d AS 1) LIKE base;
--                  ^^^^^^
--  hint: use EXCLUDING GENERATED or OVERWRITING GENERATED

CREATE TABLE x (d INT) LIKE base (OVERWRITING GENERATED);
--->
--  error: column "d" of the base table is of another kind
--  CREATE TABLE x (d INT) LIKE base (OVERWRITING GENERATED);
--                  ^^^^^

CREATE TABLE x WITH ('topic' = 'z') LIKE base (INCLUDING ALL);
--->
--  error: option "topic" exists in the base table
--  CREATE TABLE x WITH ('topic' = 'z') LIKE base (INCLUDING ALL);
--                       ^^^^^^^^^^^^^
--  hint: use EXCLUDING OPTIONS or OVERWRITING OPTIONS

CREATE TABLE x LIKE base (INCLUDING OPTIONS EXCLUDING OPTIONS);
--->
--  error: OPTIONS comes twice
--  CREATE TABLE x LIKE base (INCLUDING OPTIONS EXCLUDING OPTIONS);
--                                              ^^^^^^^^^^^^^^^^^

CREATE TABLE x LIKE base (OVERWRITING CONSTRAINTS);
--->
--  error: CONSTRAINTS cannot be overwritten
--  CREATE TABLE x LIKE base (OVERWRITING CONSTRAINTS);
--                            ^^^^^^^^^^^^^^^^^^^^^^^
--  hint: use INCLUDING or EXCLUDING

CREATE TABLE x (n AS nothing + 1) LIKE base;
--->
--  error: column "nothing" not found in "x"
--  CREATE TABLE x (n AS nothing + 1) LIKE base;
--                       ^^^^^^^

CREATE TABLE source (k STRING, n INT) WITH ('connector' = 'datagen');

CREATE TABLE filled WITH ('connector' = 'print') AS SELECT k, n * 2 AS twice FROM source;
--->
--  Sink filled (print) [k, twice]
--    Project [k, (n * 2) AS twice]
--      Scan source (datagen) read=[k, n]

DESCRIBE filled;
--->
--  name | type | null | key | extras | watermark
--  k | STRING | TRUE | <NULL> | <NULL> | <NULL>
--  twice | INT | TRUE | <NULL> | <NULL> | <NULL>

CREATE OR REPLACE TABLE filled (twice BIGINT, extra INT, up AS UPPER(k)) WITH ('connector' = 'print') AS SELECT k, n * 2 AS twice FROM source;
--->
--  Sink filled (print) [extra, k, twice]
--    Project [NULL AS extra, k, CAST((n * 2) AS BIGINT) AS twice]
--      Scan source (datagen) read=[k, n]

DESCRIBE filled;
--->
--  name | type | null | key | extras | watermark
--  extra | INT | TRUE | <NULL> | <NULL> | <NULL>
--  up | STRING | TRUE | <NULL> | AS UPPER(`k`) | <NULL>
--  k | STRING | TRUE | <NULL> | <NULL> | <NULL>
--  twice | BIGINT | TRUE | <NULL> | <NULL> | <NULL>

REPLACE TABLE filled (twice, k) WITH ('connector' = 'print') AS SELECT k, n * 2 AS twice FROM source;
--->
--  Sink filled (print) [twice, k]
--    Project [(n * 2) AS twice, k]
--      Scan source (datagen) read=[k, n]

CREATE TABLE y (k, n, m) WITH ('connector' = 'print') AS SELECT k, n FROM source;
--->
--  error: column "m" not found in the query
--  CREATE TABLE y (k, n, m) WITH ('connector' = 'print') AS SELECT k, n FROM source;
--                        ^

CREATE TABLE y (k) WITH ('connector' = 'print') AS SELECT k, n FROM source;
--->
--  error: the query has 2 columns, not 1
--  CREATE TABLE y (k) WITH ('connector' = 'print') AS SELECT k, n FROM source;
--                  ^
--  hint: name all columns of the query, or none

REPLACE TABLE y WITH ('connector' = 'print') AS SELECT k, n FROM source;
--->
--  error: table "y" not found
--  REPLACE TABLE y WITH ('connector' = 'print') AS SELECT k, n FROM source;
--                ^
--  hint: use CREATE OR REPLACE TABLE

CREATE TABLE y WITH ('connector' = 'datagen') AS SELECT k, n FROM source;
--->
--  error: table "y" cannot be written: connector "datagen" only reads
--  CREATE TABLE y WITH ('connector' = 'datagen') AS SELECT k, n FROM source;
--               ^

SHOW TABLES LIKE 'y';
--->
--  table name
