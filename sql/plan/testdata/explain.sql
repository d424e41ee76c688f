-- What EXPLAIN says.
SET 'parallelism.default' = '2';
CREATE TABLE a (k STRING, n INT) WITH ('connector' = 'datagen');
CREATE TABLE p (k STRING, m BIGINT) WITH ('connector' = 'print');

EXPLAIN SELECT k, n + 1 AS m FROM a WHERE n > 0;
--->
--  result
--  Collect [k, m]
--    Project [k, (n + 1) AS m]
--      Filter (n > 0)
--        Scan a (datagen) read=[k, n]

EXPLAIN CHANGELOG_MODE SELECT k, COUNT(*) AS c FROM a GROUP BY k;
--->
--  result
--  Collect [k, c] changelogMode=[I,UB,UA]
--    GroupAggregate keys=[k] aggs=[COUNT(*)] changelogMode=[I,UB,UA]
--      Scan a (datagen) read=[k] changelogMode=[I]

EXPLAIN CHANGELOG_MODE, ESTIMATED_COST SELECT c, COUNT(*) AS d FROM (SELECT k, COUNT(*) AS c FROM a GROUP BY k) GROUP BY c;
--->
--  result
--  Collect [c, d] changelogMode=[I,UB,UA,D]
--    GroupAggregate keys=[COUNT(*)] aggs=[COUNT(*)] changelogMode=[I,UB,UA,D]
--      GroupAggregate keys=[k] aggs=[COUNT(*)] changelogMode=[I,UB,UA]
--        Scan a (datagen) read=[k] changelogMode=[I]

EXPLAIN JSON_EXECUTION_PLAN INSERT INTO p SELECT k, COUNT(*) FROM a GROUP BY k;
--->
--  result
--  Sink p (print) [k, m]
--    GroupAggregate keys=[k] aggs=[COUNT(*)]
--      Scan a (datagen) read=[k]
--  
--  == Physical Execution Plan ==
--  {
--    "nodes": [
--      {
--        "id": 1,
--        "type": "Scan",
--        "pact": "Data Source",
--        "contents": "Scan a (datagen) read=[k]",
--        "parallelism": 2
--      },
--      {
--        "id": 2,
--        "type": "GroupAggregate",
--        "pact": "Operator",
--        "contents": "GroupAggregate keys=[k] aggs=[COUNT(*)]",
--        "parallelism": 2,
--        "predecessors": [
--          {
--            "id": 1,
--            "side": "first"
--          }
--        ]
--      },
--      {
--        "id": 3,
--        "type": "Sink",
--        "pact": "Data Sink",
--        "contents": "Sink p (print) [k, m]",
--        "parallelism": 2,
--        "predecessors": [
--          {
--            "id": 2,
--            "side": "first"
--          }
--        ]
--      }
--    ]
--  }

EXPLAIN PLAN_ADVICE STATEMENT SET BEGIN INSERT INTO p SELECT k, 1 FROM a; INSERT INTO p SELECT k, n FROM a; END;
--->
--  result
--  Sink p (print) [k, m]
--    Project [k, CAST(1 AS BIGINT) AS m]
--      Scan a (datagen) read=[k]
--  Sink p (print) [k, m]
--    Project [k, CAST(n AS BIGINT) AS m]
--      Scan a (datagen) read=[k, n]
--  
--  No available advice.

EXPLAIN CREATE TABLE b WITH ('connector' = 'print') AS SELECT k FROM a;
--->
--  result
--  Sink b (print) [k]
--    Scan a (datagen) read=[k]

SHOW TABLES;
--->
--  table name
--  a
--  p

EXPLAIN CREATE TABLE b (n INT) WITH ('connector' = 'print');
--->
--  error: CREATE TABLE without AS has no plan
--  EXPLAIN CREATE TABLE b (n INT) WITH ('connector' = 'print');
--          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
