-- MATCH_RECOGNIZE, and what Flink refuses of it.
CREATE TABLE e (id STRING, v INT, w INT, ts TIMESTAMP(3), pt AS PROCTIME(), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'e', 'properties.bootstrap.servers' = 'b:9092', 'format' = 'json');

SELECT id, a, b, t FROM e MATCH_RECOGNIZE (
    PARTITION BY id ORDER BY ts, v DESC
    MEASURES FIRST(A.v) AS a, LAST(A.v + B.w, 1) AS x, B.w AS b, MATCH_ROWTIME() AS t
    PATTERN (A B) DEFINE A AS TRUE);
--->
--  error: LAST(A.v + B.w, 1) must be applied to a single pattern variable
--      MEASURES FIRST(A.v) AS a, LAST(A.v + B.w, 1) AS x, B.w AS b, MATCH_ROWTIME() AS t
--                                ^^^^^^^^^^^^^^^^^^

SELECT id, a, s FROM e MATCH_RECOGNIZE (
    PARTITION BY id ORDER BY ts, v DESC
    MEASURES FIRST(A.v) AS a, LAST(A.v + A.w, 1) AS l, SUM(B.w * 2) AS s, MATCH_ROWTIME() AS t
    AFTER MATCH SKIP TO LAST B
    PATTERN (A B{2,}? C* D) WITHIN INTERVAL '1' MINUTE
    DEFINE B AS B.v > A.v AND v > LAST(v, 1), D AS COUNT(*) > 3 AND w > 1)
WHERE id = 'x' AND s > 3;
--->
--  Collect [id, a, s]
--    Filter (SUM(B.w * 2) > 3)
--      Match keys=[id] order=[ts, v DESC] pattern=(A B{2,-1}? C{0,-1} D) within 60000 ms skip to last B define=[B AS ((B.v > A.v) AND (v > LAST(v, 1))), D AS ((COUNT(*) > 3) AND (w > 1))] values=[FIRST(A.v, 0), SUM(B.w * 2)]
--        Project [id, v, w, ts, (w * 2) AS $5]
--          Filter (id = 'x')
--            Scan e (kafka, json) read=[id, v, w, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT n FROM e MATCH_RECOGNIZE (ORDER BY pt MEASURES 1 AS n, A.v AS v PATTERN (A B) DEFINE A AS A.v = 1);
--->
--  Collect [n]
--    Project [1 AS n]
--      Match keys=[] order=[pt] pattern=(A B) skip to next row define=[A AS (A.v = 1)] values=[A.v]
--        Scan e (kafka, json) read=[v, ts] columns=[v, ts, PROCTIME() AS pt] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT * FROM e MATCH_RECOGNIZE (MEASURES A.v AS v PATTERN (A B) DEFINE A AS A.v = 1);
--->
--  error: You must specify either rowtime or proctime for order by.
--  SELECT * FROM e MATCH_RECOGNIZE (MEASURES A.v AS v PATTERN (A B) DEFINE A AS A.v = 1);
--                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY v, ts MEASURES A.v AS v PATTERN (A B) DEFINE A AS A.v = 1);
--->
--  error: You must specify either rowtime or proctime for order by as the first one.
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY v, ts MEASURES A.v AS v PATTERN (A B) DEFINE A AS A.v = 1);
--                                            ^

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts DESC MEASURES A.v AS v PATTERN (A B) DEFINE A AS A.v = 1);
--->
--  error: Primary sort order of a streaming table must be ascending on time.
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts DESC MEASURES A.v AS v PATTERN (A B) DEFINE A AS A.v = 1);
--                                            ^^^^^^^

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A B+) DEFINE A AS A.v = 1);
--->
--  error: Greedy quantifiers are not allowed as the last element of a Pattern yet. Finish your pattern with either a simple variable or reluctant quantifier.
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A B+) DEFINE A AS A.v = 1);
--                                                                            ^^

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A* B?) DEFINE A AS A.v = 1);
--->
--  error: Optional pattern cannot be preceded by greedy pattern
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A* B?) DEFINE A AS A.v = 1);
--                                                                             ^^
--  hint: put a variable between them

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A?? B) DEFINE A AS A.v = 1);
--->
--  error: Reluctant optional variables are not supported yet.
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A?? B) DEFINE A AS A.v = 1);
--                                                                          ^^^

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A* B? C) DEFINE A AS A.v = 1);
--->
--  error: Optional pattern cannot be preceded by greedy pattern
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A* B? C) DEFINE A AS A.v = 1);
--                                                                             ^^
--  hint: put a variable between them

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A B A) DEFINE A AS A.v = 1);
--->
--  error: Pattern variables must be unique. That might change in the future.
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A B A) DEFINE A AS A.v = 1);
--                                                                              ^

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v ALL ROWS PER MATCH PATTERN (A B) DEFINE A AS A.v = 1);
--->
--  error: All rows per match mode is not supported yet.
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v ALL ROWS PER MATCH PATTERN (A B) DEFINE A AS A.v = 1);
--                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
--  hint: use ONE ROW PER MATCH

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES SUM(A.v + B.w) AS v PATTERN (A B) DEFINE A AS A.v = 1);
--->
--  error: Aggregation must be applied to a single pattern variable. Malformed expression: SUM(A.v + B.w)
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES SUM(A.v + B.w) AS v PATTERN (A B) DEFINE A AS A.v = 1);
--                                                        ^^^^^^^^^^^^^^

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES COUNT(DISTINCT A.v) AS v PATTERN (A B) DEFINE A AS A.v = 1);
--->
--  error: DISTINCT aggregates are not supported in MATCH_RECOGNIZE, as in Flink
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES COUNT(DISTINCT A.v) AS v PATTERN (A B) DEFINE A AS A.v = 1);
--                                                        ^^^^^^^^^^^^^^^^^^^

SELECT * FROM e MATCH_RECOGNIZE (PARTITION BY id ORDER BY ts MEASURES A.id AS id PATTERN (A B) DEFINE A AS A.v = 1);
--->
--  error: Columns ambiguously defined: {id}
--  SELECT * FROM e MATCH_RECOGNIZE (PARTITION BY id ORDER BY ts MEASURES A.id AS id PATTERN (A B) DEFINE A AS A.v = 1);
--                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
--  hint: partition columns are in the result already

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES PREV(A.v) AS v PATTERN (A B) DEFINE A AS A.v = 1);
--->
--  error: Flink does not support physical offsets within partition.
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES PREV(A.v) AS v PATTERN (A B) DEFINE A AS A.v = 1);
--                                                        ^^^^
--  hint: use LAST(x, n), which counts the rows of the match

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES CLASSIFIER() AS v PATTERN (A B) DEFINE A AS A.v = 1);
--->
--  error: CLASSIFIER is not supported, as in Flink
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES CLASSIFIER() AS v PATTERN (A B) DEFINE A AS A.v = 1);
--                                                        ^^^^^^^^^^^^

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES FIRST(LAST(A.v)) AS v PATTERN (A B) DEFINE A AS A.v = 1);
--->
--  error: LAST cannot stand within FIRST(LAST(A.v))
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES FIRST(LAST(A.v)) AS v PATTERN (A B) DEFINE A AS A.v = 1);
--                                                              ^^^^^^^^^

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES LAST(A.v, w) AS v PATTERN (A B) DEFINE A AS A.v = 1);
--->
--  error: column "w" not found
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES LAST(A.v, w) AS v PATTERN (A B) DEFINE A AS A.v = 1);
--                                                                  ^

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES X.v AS v PATTERN (A B) DEFINE A AS A.v = 1);
--->
--  error: pattern variable "X" not found
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES X.v AS v PATTERN (A B) DEFINE A AS A.v = 1);
--                                                        ^

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A B) DEFINE C AS v = 1);
--->
--  error: pattern variable "C" not found
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A B) DEFINE C AS v = 1);
--                                                                                      ^

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A B) DEFINE A AS v = 1, A AS v = 2);
--->
--  error: pattern variable "A" is defined twice
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A B) DEFINE A AS v = 1, A AS v = 2);
--                                                                                                  ^

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A B) DEFINE A AS v);
--->
--  error: DEFINE wants a BOOLEAN, not INT
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A B) DEFINE A AS v);
--                                                                                           ^

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v AFTER MATCH SKIP TO C PATTERN (A B) DEFINE A AS v = 1);
--->
--  error: pattern variable "C" not found
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v AFTER MATCH SKIP TO C PATTERN (A B) DEFINE A AS v = 1);
--                                                                                     ^

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A B) WITHIN INTERVAL '1' MONTH DEFINE A AS v = 1);
--->
--  error: want a constant interval of days or less, not INTERVAL '1' MONTH
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A B) WITHIN INTERVAL '1' MONTH DEFINE A AS v = 1);
--                                                                                      ^^^^^^^^^^^^^^^^^^
--  hint: write INTERVAL '10' SECOND

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY pt MEASURES MATCH_ROWTIME(v) AS v PATTERN (A B) DEFINE A AS v = 1);
--->
--  error: MATCH_ROWTIME wants a rowtime attribute
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY pt MEASURES MATCH_ROWTIME(v) AS v PATTERN (A B) DEFINE A AS v = 1);
--                                                        ^^^^^^^^^^^^^^^^
--  hint: declare a WATERMARK for it

SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A B) DEFINE A AS v IN (SELECT v FROM e));
--->
--  error: DEFINE cannot hold a sub-query
--  SELECT * FROM e MATCH_RECOGNIZE (ORDER BY ts MEASURES A.v AS v PATTERN (A B) DEFINE A AS v IN (SELECT v FROM e));
--                                                                                           ^^^^^^^^^^^^^^^^^^^^^^
--  hint: join with it before

SELECT * FROM (SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY ts DESC) AS n FROM e) WHERE n = 1)
    MATCH_RECOGNIZE (ORDER BY ts MEASURES A.id AS v PATTERN (A B) DEFINE A AS id = 'a');
--->
--  error: Match Recognize doesn't support consuming update changes, which its input gives
--  SELECT * FROM (SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY ts DESC) AS n FROM e) WHERE n = 1)
--  ^

SELECT MATCH_ROWTIME() FROM e;
--->
--  error: function MATCH_ROWTIME not found
--  SELECT MATCH_ROWTIME() FROM e;
--         ^^^^^^^^^^^^^^^
