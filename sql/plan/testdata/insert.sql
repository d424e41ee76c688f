-- Sinks: columns named or not, casts, NULLs, constants.
CREATE TABLE source (id STRING, n INT, d DOUBLE) WITH ('connector' = 'datagen');
CREATE TABLE target (
  id STRING NOT NULL, n BIGINT, f AS n + 1, `timestamp` TIMESTAMP_LTZ(3) METADATA, part INT METADATA FROM 'partition' VIRTUAL
) WITH ('connector' = 'kafka', 'topic' = 'target', 'format' = 'json');
CREATE TABLE shown (id VARCHAR(3), n INT) WITH ('connector' = 'print');
INSERT INTO target SELECT id, n, CURRENT_TIMESTAMP FROM source;
--->
--  Sink target (kafka, json) [id, n, timestamp]
--    Project [id, CAST(n AS BIGINT) AS n, CURRENT_TIMESTAMP() AS timestamp]
--      Scan source (datagen) read=[id, n]

INSERT INTO target (id, n) SELECT id, n FROM source;
--->
--  Sink target (kafka, json) [id, n, timestamp]
--    Project [id, CAST(n AS BIGINT) AS n, NULL AS timestamp]
--      Scan source (datagen) read=[id, n]

INSERT INTO target (n, id) VALUES (1, 'a'), (2, 'b');
--->
--  Sink target (kafka, json) [id, n, timestamp]
--    Project [EXPR$1 AS id, CAST(EXPR$0 AS BIGINT) AS n, NULL AS timestamp]
--      Values [EXPR$0, EXPR$1] (1, 'a'), (2, 'b')

INSERT INTO shown SELECT id, n FROM source WHERE n > 1;
--->
--  Sink shown (print) [id, n]
--    Project [CAST(id AS VARCHAR(3)) AS id, n]
--      Filter (n > 1)
--        Scan source (datagen) read=[id, n]

EXECUTE STATEMENT SET BEGIN
  INSERT INTO shown SELECT id, n FROM source;
  INSERT INTO target (id) SELECT id FROM source;
END;
--->
--  Sink shown (print) [id, n]
--    Project [CAST(id AS VARCHAR(3)) AS id, n]
--      Scan source (datagen) read=[id, n]
--  Sink target (kafka, json) [id, n, timestamp]
--    Project [id, NULL AS n, NULL AS timestamp]
--      Scan source (datagen) read=[id]

EXPLAIN INSERT INTO shown SELECT id, n FROM source;
--->
--  result
--  Sink shown (print) [id, n]
--    Project [CAST(id AS VARCHAR(3)) AS id, n]
--      Scan source (datagen) read=[id, n]

INSERT INTO target SELECT id, n FROM source;
--->
--  error: column types of query result and sink for "target" do not match: different number of columns, 2 and 3
--  INSERT INTO target SELECT id, n FROM source;
--                     ^^^^^^^^^^^^^^^^^^^^^^^^
--  hint: query schema: [id: STRING, n: INT]; sink schema: [id: STRING NOT NULL, n: BIGINT, timestamp: TIMESTAMP_LTZ(3)]

INSERT INTO target (id, m) SELECT id, n FROM source;
--->
--  error: column "m" not found in "target"
--  INSERT INTO target (id, m) SELECT id, n FROM source;
--                          ^

INSERT INTO target (id, f) SELECT id, n FROM source;
--->
--  error: column "f" of "target" cannot be written: it is computed or virtual
--  INSERT INTO target (id, f) SELECT id, n FROM source;
--                          ^

INSERT INTO target (n) SELECT n FROM source;
--->
--  error: column "id" of "target" is NOT NULL, and the statement gives it no value
--  INSERT INTO target (n) SELECT n FROM source;
--              ^^^^^^

INSERT INTO target (id, n) SELECT id, id FROM source;
--->
--  error: column types of query result and sink for "target" do not match: incompatible types for sink column "n": query STRING, sink BIGINT
--  INSERT INTO target (id, n) SELECT id, id FROM source;
--                             ^^^^^^^^^^^^^^^^^^^^^^^^^
--  hint: write CAST(... AS BIGINT)

INSERT INTO source SELECT id, n, 1e0 FROM source;
--->
--  error: table "source" cannot be written: connector "datagen" only reads
--  INSERT INTO source SELECT id, n, 1e0 FROM source;
--              ^^^^^^

INSERT INTO nowhere SELECT 1;
--->
--  error: table "nowhere" not found
--  INSERT INTO nowhere SELECT 1;
--              ^^^^^^^

CREATE TABLE copied WITH ('connector' = 'print') AS SELECT id, n + 1 AS m FROM source;
--->
--  Sink copied (print) [id, m]
--    Project [id, (n + 1) AS m]
--      Scan source (datagen) read=[id, n]

DESCRIBE copied;
--->
--  name | type | null | key | extras | watermark
--  id | STRING | TRUE | <NULL> | <NULL> | <NULL>
--  m | INT | TRUE | <NULL> | <NULL> | <NULL>
