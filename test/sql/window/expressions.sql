-- Expressions of keys, aggregates and window columns above the aggregation.
CREATE TABLE e (
  ts TIMESTAMP(3),
  k STRING,
  v INT,
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts": "2026-11-20 10:00:01", "k": "a", "v": 1}
--  {"ts": "2026-11-20 10:00:04.999", "k": "a", "v": 2}
--  {"ts": "2026-11-20 10:00:04", "k": "a", "v": 4}
--  {"ts": "2026-11-20 10:00:06", "k": "a", "v": 8}
--  {"ts": "2026-11-20 10:00:03", "k": "a", "v": 16}
--  {"ts": "2026-11-20 10:00:11", "k": "b", "v": 32}

SELECT UPPER(k) || '!' AS k, SUM(v) * 2 + COUNT(*) AS x, AVG(v) AS a, TIMESTAMPDIFF(SECOND, window_start, window_end) AS len, MAX(v * 10) - MIN(v) AS r
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, k;
--out sorted
--  +I	A!	67	6	10	159
--  +I	B!	65	32	10	288
