-- Windows: table functions, aggregation by them, the older group functions, and what is refused.
CREATE TABLE e (
  id STRING NOT NULL, v INT, d DOUBLE, ts TIMESTAMP(3), other TIMESTAMP(3), unused STRING,
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'kafka', 'topic' = 'e', 'format' = 'json', 'scan.watermark.idle-timeout' = '5 s');
CREATE TABLE stats (id STRING, ws TIMESTAMP(3), c BIGINT) WITH ('connector' = 'kafka', 'topic' = 's', 'format' = 'json');
SELECT id, window_start, window_end, COUNT(*) AS cnt, AVG(d) AS a, MIN(d), MAX(d + 1), LOCALTIMESTAMP AS processed_at
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY id, window_start, window_end;
--->
--  Collect [id, window_start, window_end, cnt, a, EXPR$5, EXPR$6, processed_at]
--    Project [id, window_start, window_end, COUNT(*) AS cnt, AVG(d) AS a, MIN(d) AS EXPR$5, MAX(d + 1) AS EXPR$6, LOCALTIMESTAMP() AS processed_at]
--      WindowAggregate TUMBLE(ts, 10s) keys=[id] aggs=[COUNT(*), AVG(d), MIN(d), MAX(d + 1)] window=[start, end]
--        Project [d, (d + 1E+00) AS d + 1, ts, id]
--          Scan e (kafka, json) read=[id, d, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

INSERT INTO stats
SELECT id, window_start, COUNT(v) FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
WHERE v > 0 AND id <> 'x'
GROUP BY id, window_start, window_end HAVING COUNT(v) > 1;
--->
--  Sink stats (kafka, json) [id, ws, c]
--    Project [id, window_start AS ws, COUNT(v) AS c]
--      Filter (COUNT(v) > 1)
--        WindowAggregate HOP(ts, 5s, 10s) keys=[id] aggs=[COUNT(v)] window=[start]
--          Filter ((v > 0) AND (id <> 'x'))
--            Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT window_start, SUM(v) FILTER (WHERE d > 0), COUNT(DISTINCT id), SUM(v) * 2 + COUNT(DISTINCT id)
FROM TABLE(CUMULATE(DATA => TABLE e, TIMECOL => DESCRIPTOR(ts), STEP => INTERVAL '1' MINUTE, SIZE => INTERVAL '1' HOUR))
GROUP BY window_start, window_end, window_time;
--->
--  Collect [window_start, EXPR$1, EXPR$2, EXPR$3]
--    Project [window_start, SUM(v) FILTER (WHERE d > 0) AS EXPR$1, COUNT(DISTINCT id) AS EXPR$2, (CAST((SUM(v) * 2) AS BIGINT) + COUNT(DISTINCT id)) AS EXPR$3]
--      WindowAggregate CUMULATE(ts, 1m, 1h) keys=[] aggs=[SUM(v) FILTER filter, COUNT(DISTINCT id), SUM(v)] window=[start]
--        Project [v, (d > 0E+00) AS filter, id, ts]
--          Scan e (kafka, json) read=[id, v, d, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id, window_end FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '30' SECOND)) WHERE v > 1 AND window_start IS NOT NULL;
--->
--  Collect [id, window_end]
--    Project [id, window_end]
--      Filter window_start IS NOT NULL
--        Window TUMBLE(ts, 1m, offset 30s)
--          Filter (v > 1)
--            Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT ws, k, SUM(v)
FROM (SELECT id AS k, v + 1 AS v, window_start AS ws, window_end AS we FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) WHERE d > 0) AS q
WHERE k = 'a'
GROUP BY ws, we, k;
--->
--  Collect [ws, k, EXPR$2]
--    Project [window_start AS ws, k, SUM(v) AS EXPR$2]
--      WindowAggregate TUMBLE(ts, 1m) keys=[k] aggs=[SUM(v)] window=[start]
--        Project [(v + 1) AS v, ts, id AS k]
--          Filter ((d > 0E+00) AND (id = 'a'))
--            Scan e (kafka, json) read=[id, v, d, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT v % 10 AS k, v % 10 + 1, TUMBLE_START(ts, INTERVAL '1' HOUR), TUMBLE_END(ts, INTERVAL '1' HOUR), COUNT(*)
FROM e GROUP BY v % 10, TUMBLE(ts, INTERVAL '1' HOUR);
--->
--  Collect [k, EXPR$1, EXPR$2, EXPR$3, EXPR$4]
--    Project [v % 10 AS k, (v % 10 + 1) AS EXPR$1, window_start AS EXPR$2, window_end AS EXPR$3, COUNT(*) AS EXPR$4]
--      WindowAggregate TUMBLE(ts, 1h) keys=[v % 10] aggs=[COUNT(*)] window=[start, end]
--        Project [ts, (v % 10) AS v % 10]
--          Scan e (kafka, json) read=[id, v, ts] columns=[v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

CREATE VIEW minutes AS
SELECT id, window_time AS wt, SUM(v) AS s FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY id, window_start, window_end, window_time;
SELECT window_start, MAX(s) FROM TABLE(TUMBLE(TABLE minutes, DESCRIPTOR(wt), INTERVAL '1' HOUR)) GROUP BY window_start, window_end;
--->
--  Collect [window_start, EXPR$1]
--    Project [window_start, MAX(s) AS EXPR$1]
--      WindowAggregate TUMBLE(window_time, 1h) keys=[] aggs=[MAX(SUM(v))] window=[start]
--        WindowAggregate TUMBLE(ts, 1m) keys=[id] aggs=[SUM(v)] window=[time]
--          Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT DISTINCT id, window_start, window_end FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '1' MINUTE));
--->
--  Collect [id, window_start, window_end]
--    WindowAggregate TUMBLE(ts, 1m) keys=[id] aggs=[] window=[start, end]
--      Scan e (kafka, json) read=[id, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id, COUNT(*), SUM(v) FROM e GROUP BY id;
--->
--  Collect [id, EXPR$1, EXPR$2]
--    GroupAggregate keys=[id] aggs=[COUNT(*), SUM(v)]
--      Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start;
--->
--  Collect [window_start, EXPR$1]
--    GroupAggregate keys=[window_start] aggs=[COUNT(*)]
--      Window TUMBLE(ts, 1m)
--        Scan e (kafka, json) read=[id, ts] columns=[ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT COUNT(*) FROM e;
--->
--  Collect [EXPR$0]
--    GroupAggregate keys=[] aggs=[COUNT(*)]
--      Scan e (kafka, json) read=[id, ts] columns=[ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT DISTINCT id FROM e UNION SELECT id FROM e;
--->
--  Collect [id]
--    GroupAggregate keys=[id] aggs=[]
--      Union
--        GroupAggregate keys=[id] aggs=[]
--          Scan e (kafka, json) read=[id, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts
--        Project [id]
--          Scan e (kafka, json) read=[id, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

INSERT INTO stats (id, c) SELECT id, COUNT(*) FROM e GROUP BY id;
--->
--  error: table "stats" doesn't support consuming update changes, which GROUP BY without a window gives
--  INSERT INTO stats (id, c) SELECT id, COUNT(*) FROM e GROUP BY id;
--              ^^^^^
--  hint: group by window_start and window_end, or write to upsert-kafka or print

SET 'execution.runtime-mode' = 'batch';
INSERT INTO stats (id, c) SELECT id, COUNT(*) FROM e GROUP BY id HAVING id > 'a';
--->
--  Sink stats (kafka, json) [id, ws, c]
--    Project [id, NULL AS ws, EXPR$1 AS c]
--      GroupAggregate keys=[id] aggs=[COUNT(*)]
--        Filter (id > 'a')
--          Scan e (kafka, json) read=[id, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

RESET;
SELECT id, v FROM e GROUP BY id;
--->
--  error: column "v" is neither grouped nor aggregated
--  SELECT id, v FROM e GROUP BY id;
--             ^
--  hint: add it to GROUP BY, or aggregate it, as in MAX(v)

SELECT id FROM e WHERE COUNT(*) > 1 GROUP BY id;
--->
--  error: the aggregate COUNT cannot stand in WHERE
--  SELECT id FROM e WHERE COUNT(*) > 1 GROUP BY id;
--                         ^^^^^^^^
--  hint: use HAVING, which filters groups

SELECT SUM(COUNT(*)) FROM e GROUP BY id;
--->
--  error: the aggregate COUNT cannot stand in the arguments of an aggregate
--  SELECT SUM(COUNT(*)) FROM e GROUP BY id;
--             ^^^^^^^^

SELECT id FROM e GROUP BY 1;
--->
--  error: GROUP BY 1 groups by a constant, not by a column's position
--  SELECT id FROM e GROUP BY 1;
--                            ^
--  hint: name the column instead

SELECT * FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(id), INTERVAL '1' MINUTE));
--->
--  error: the window function TUMBLE requires the timecol to be TIMESTAMP or TIMESTAMP_LTZ, but is STRING; besides, the timecol must be a time attribute type in streaming mode
--  SELECT * FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(id), INTERVAL '1' MINUTE));
--                                                 ^^

SELECT * FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(other), INTERVAL '1' MINUTE));
--->
--  error: the window function TUMBLE requires the timecol to be a time attribute, but "other" has no watermark
--  SELECT * FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(other), INTERVAL '1' MINUTE));
--                                                 ^^^^^
--  hint: declare WATERMARK FOR other AS other - INTERVAL '5' SECOND in CREATE TABLE; an expression over a time attribute is none

CREATE VIEW shifted AS SELECT id, ts + INTERVAL '1' HOUR AS ts FROM e;
SELECT * FROM TABLE(TUMBLE(TABLE shifted, DESCRIPTOR(ts), INTERVAL '1' MINUTE));
--->
--  error: the window function TUMBLE requires the timecol to be a time attribute, but "ts" has no watermark
--  SELECT * FROM TABLE(TUMBLE(TABLE shifted, DESCRIPTOR(ts), INTERVAL '1' MINUTE));
--                                                       ^^
--  hint: declare WATERMARK FOR ts AS ts - INTERVAL '5' SECOND in CREATE TABLE; an expression over a time attribute is none

SELECT * FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(tss), INTERVAL '1' MINUTE));
--->
--  error: column "tss" not found in "e"
--  SELECT * FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(tss), INTERVAL '1' MINUTE));
--                                                 ^^^
--  hint: did you mean "ts"?

SELECT * FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '1' MONTH));
--->
--  error: want a constant interval of days or less, not INTERVAL '1' MONTH
--  SELECT * FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '1' MONTH));
--                                                      ^^^^^^^^^^^^^^^^^^
--  hint: write INTERVAL '10' SECOND

SELECT * FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '3' SECOND, INTERVAL '10' SECOND));
--->
--  error: HOP requires SIZE to be an integral multiple of SLIDE, but they are 10000 ms and 3000 ms
--  SELECT * FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '3' SECOND, INTERVAL '10' SECOND));
--                                                                        ^^^^^^^^^^^^^^^^^^^^

SELECT * FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '3' SECOND));
--->
--  error: argument SIZE of HOP is missing
--  SELECT * FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '3' SECOND));
--                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
--  hint: write HOP(DATA, TIMECOL, SLIDE, SIZE, OFFSET)

SELECT * FROM TABLE(TUMBEL(TABLE e, DESCRIPTOR(ts), INTERVAL '3' SECOND));
--->
--  error: table function "TUMBEL" not found
--  SELECT * FROM TABLE(TUMBEL(TABLE e, DESCRIPTOR(ts), INTERVAL '3' SECOND));
--                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
--  hint: the table functions are TUMBLE, HOP, CUMULATE and SESSION

SELECT ROW_NUMBER() OVER (PARTITION BY id ORDER BY ts) FROM e;
--->
--  Collect [EXPR$0]
--    Project [ROW_NUMBER() OVER (PARTITION BY id ORDER BY ts) AS EXPR$0]
--      Over keys=[id] order=[ts] ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW calls=[ROW_NUMBER()]
--        Scan e (kafka, json) read=[id, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts
