-- OVER, and what becomes of row numbers: Top-N, deduplication, windows.
CREATE TABLE e (id STRING, v INT, ts TIMESTAMP(3), pt AS PROCTIME(), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'e', 'properties.bootstrap.servers' = 'b:9092', 'format' = 'json');

SELECT id, SUM(v) OVER w AS s, COUNT(DISTINCT v) OVER w AS c FROM e WINDOW w AS (PARTITION BY id ORDER BY ts RANGE BETWEEN INTERVAL '3' SECOND PRECEDING AND CURRENT ROW);
--->
--  Collect [id, s, c]
--    Project [id, SUM(v) OVER w AS s, COUNT(DISTINCT v) OVER w AS c]
--      Over keys=[id] order=[ts] RANGE BETWEEN 3000 PRECEDING AND CURRENT ROW calls=[SUM(v), COUNT(DISTINCT v)]
--        Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id, SUM(v + 1) OVER (PARTITION BY UPPER(id) ORDER BY ts) AS s FROM e;
--->
--  Collect [id, s]
--    Project [id, SUM(v + 1) OVER (PARTITION BY UPPER(id) ORDER BY ts) AS s]
--      Over keys=[$4] order=[ts] RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW calls=[SUM($5)]
--        Project [id, ts, UPPER(id) AS $4, (v + 1) AS $5]
--          Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY v DESC) AS n FROM e) WHERE n <= 3 AND v > 1;
--->
--  Collect [id, v]
--    Project [id, v]
--      Filter (v > 1)
--        TopN keys=[id] order=[v DESC] rows=1-3
--          Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id, v, n FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY v DESC) AS n FROM e) WHERE 3 >= n;
--->
--  Collect [id, v, n]
--    Project [id, v, n]
--      TopN keys=[id] order=[v DESC] rows=1-3 number
--        Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id, n FROM (SELECT id, v, ROW_NUMBER() OVER (PARTITION BY id ORDER BY v, ts DESC NULLS FIRST) AS n FROM e) WHERE n = 2 AND id <> 'x';
--->
--  Collect [id, n]
--    Project [id, 2 AS n]
--      TopN keys=[id] order=[v, ts DESC NULLS FIRST] rows=2-2
--        Filter (id <> 'x')
--          Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY ts) AS n FROM e) WHERE n < 2;
--->
--  Collect [id, v]
--    Project [id, v]
--      Deduplicate keys=[id] first by ts
--        Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY pt DESC) AS n FROM e) WHERE n = 1;
--->
--  Collect [id, v]
--    Project [id, v]
--      Deduplicate keys=[id] last by pt
--        Scan e (kafka, json) read=[id, v, ts] columns=[id, v, ts, PROCTIME() AS pt] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id, v FROM e QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY pt) BETWEEN 1 AND 2;
--->
--  Collect [id, v]
--    Project [id, v]
--      TopN keys=[id] order=[pt] rows=1-2 first
--        Scan e (kafka, json) read=[id, v, ts] columns=[id, v, ts, PROCTIME() AS pt] watermark=(ts - INTERVAL '5' SECOND) FOR ts

WITH numbered AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_end, window_start, id ORDER BY v DESC) AS n FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND)))
SELECT window_start, id, v FROM numbered WHERE n <= 2;
--->
--  Collect [window_start, id, v]
--    Project [window_start, id, v]
--      WindowTopN keys=[window_end, window_start, id] order=[v DESC] rows=1-2 end=window_end
--        Window TUMBLE(ts, 5s)
--          Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id, c FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY c DESC) AS n FROM (SELECT id, COUNT(*) AS c FROM e GROUP BY id)) WHERE n <= 2;
--->
--  Collect [id, c]
--    TopN keys=[] order=[COUNT(*) DESC] rows=1-2 upsert key=[id]
--      GroupAggregate keys=[id] aggs=[COUNT(*)]
--        Scan e (kafka, json) read=[id, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id, c FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY c) AS n FROM (SELECT id, COUNT(*) AS c FROM e GROUP BY id)) WHERE n <= 2;
--->
--  Collect [id, c]
--    TopN keys=[] order=[COUNT(*)] rows=1-2 retract
--      GroupAggregate keys=[id] aggs=[COUNT(*)]
--        Scan e (kafka, json) read=[id, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id, n FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY v) AS n FROM e) WHERE n > 1;
--->
--  Collect [id, n]
--    Project [id, n]
--      Filter (ROW_NUMBER() OVER (ORDER BY v) > 1)
--        Over keys=[] order=[v] ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW calls=[ROW_NUMBER()]
--          Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id FROM e WHERE ROW_NUMBER() OVER (ORDER BY ts) = 1;
--->
--  error: ROW_NUMBER OVER (…) cannot stand in WHERE
--  SELECT id FROM e WHERE ROW_NUMBER() OVER (ORDER BY ts) = 1;
--                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
--  hint: use a sub-query, or QUALIFY

SELECT id, UPPER(id) OVER (ORDER BY ts) FROM e;
--->
--  error: OVER must be applied to aggregate function, which UPPER is not
--  SELECT id, UPPER(id) OVER (ORDER BY ts) FROM e;
--             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^

SELECT id, SUM(v) OVER (ORDER BY ts ROWS BETWEEN 1 FOLLOWING AND 1 PRECEDING) FROM e;
--->
--  error: a frame cannot end before it starts
--  SELECT id, SUM(v) OVER (ORDER BY ts ROWS BETWEEN 1 FOLLOWING AND 1 PRECEDING) FROM e;
--                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

SELECT id, SUM(v) OVER w2 FROM e WINDOW w AS (ORDER BY ts);
--->
--  error: window "w2" not found
--  SELECT id, SUM(v) OVER w2 FROM e WINDOW w AS (ORDER BY ts);
--                         ^^

SELECT id FROM e ORDER BY ts, v DESC;
--->
--  Collect [id]
--    Project [id]
--      Sort [ts, v DESC]
--        Project [id, ts, v]
--          Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id FROM e ORDER BY v;
--->
--  error: Sort on a non-time-attribute field is not supported.
--  SELECT id FROM e ORDER BY v;
--                            ^
--  hint: order by an ascending time attribute first, or add LIMIT

SELECT id FROM e ORDER BY v + 1 LIMIT 3 OFFSET 1;
--->
--  Collect [id]
--    Project [id]
--      TopN keys=[] order=[EXPR$1] rows=2-4
--        Project [id, (v + 1) AS EXPR$1]
--          Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id AS a, COUNT(*) AS c FROM e GROUP BY id ORDER BY COUNT(*) DESC, a LIMIT 5;
--->
--  Collect [a, c]
--    TopN keys=[] order=[COUNT(*) DESC, id] rows=1-5 upsert key=[id]
--      GroupAggregate keys=[id] aggs=[COUNT(*)]
--        Scan e (kafka, json) read=[id, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id FROM (SELECT id, v FROM e ORDER BY v) WHERE v > 1;
--->
--  Collect [id]
--    Project [id]
--      Filter (v > 1)
--        Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT DISTINCT id FROM e ORDER BY v LIMIT 1;
--->
--  error: ORDER BY v is not in the SELECT list
--  SELECT DISTINCT id FROM e ORDER BY v LIMIT 1;
--                                     ^
--  hint: order by a column of the query

SELECT id FROM e ORDER BY 2 LIMIT 1;
--->
--  error: ORDER BY 2: the query has 1 columns
--  SELECT id FROM e ORDER BY 2 LIMIT 1;
--                            ^

SELECT id, COUNT(*) AS c FROM e GROUP BY id LIMIT 2;
--->
--  Collect [id, c]
--    TopN keys=[] order=[] rows=1-2 retract
--      GroupAggregate keys=[id] aggs=[COUNT(*)]
--        Scan e (kafka, json) read=[id, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SET 'execution.runtime-mode' = 'batch';

SELECT id FROM e ORDER BY v LIMIT 2;
--->
--  Collect [id]
--    Project [id]
--      Sort [v] at end limit 2 offset 0
--        Project [id, v]
--          Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

SELECT id, NTILE(4) OVER (ORDER BY v), LEAD(v, 2, 0) OVER (ORDER BY ts) FROM e;
--->
--  Collect [id, EXPR$1, EXPR$2]
--    Project [id, NTILE(4) OVER (ORDER BY v) AS EXPR$1, LEAD(v, 2, 0) OVER (ORDER BY ts) AS EXPR$2]
--      Over keys=[] order=[ts] RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW calls=[LEAD(v, 2, $5)] at end
--        Project [id, v, ts, NTILE(4) OVER (ORDER BY v), 0 AS $5]
--          Over keys=[] order=[v] RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW calls=[NTILE(4)] at end
--            Scan e (kafka, json) read=[id, v, ts] watermark=(ts - INTERVAL '5' SECOND) FOR ts

