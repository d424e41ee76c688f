-- Hints, and what is wrong with them.
CREATE TABLE a (k STRING, n INT) WITH ('connector' = 'datagen');

SELECT /*+ STATE_TTL('x' = '1 d'), BROADCAST(x) */ x.k FROM a /*+ OPTIONS('number-of-rows' = '5') */ AS x;
--->
--  Collect [k]
--    Scan a (datagen) read=[k]

SELECT k FROM a /*+ OPTIONS('number-of-row' = '5') */;
--->
--  error: table "a": option "number-of-row" is not known to connector "datagen"
--  SELECT k FROM a /*+ OPTIONS('number-of-row' = '5') */;
--                              ^^^^^^^^^^^^^^^^^^^^^
--  hint: did you mean "number-of-rows"?

SELECT k FROM a /*+ OPTIONS('number-of-rows' = 'x') */;
--->
--  error: table "a": option "number-of-rows" of connector "datagen": strconv.ParseInt: parsing "x": invalid syntax
--  SELECT k FROM a /*+ OPTIONS('number-of-rows' = 'x') */;
--                              ^^^^^^^^^^^^^^^^^^^^^^

SELECT k FROM a /*+ STATE_TTL('a' = '1d') */;
--->
--  error: hint STATE_TTL does not stand behind a table
--  SELECT k FROM a /*+ STATE_TTL('a' = '1d') */;
--                      ^^^^^^^^^^^^^^^^^^^^^
--  hint: write it behind SELECT

SET 'table.dynamic-table-options.enabled' = 'false';
SELECT k FROM a /*+ OPTIONS('number-of-rows' = '5') */;
--->
--  error: the OPTIONS hint is not allowed: table.dynamic-table-options.enabled is false
--  SELECT k FROM a /*+ OPTIONS('number-of-rows' = '5') */;
--                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
