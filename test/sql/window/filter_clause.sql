-- Aggregates over some of the rows; HAVING over the answer.
CREATE TABLE e (
  ts TIMESTAMP(3),
  k STRING,
  v INT,
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts": "2026-11-20 10:00:01", "k": "a", "v": 1}
--  {"ts": "2026-11-20 10:00:02", "k": "a", "v": 20}
--  {"ts": "2026-11-20 10:00:03", "k": "b", "v": 3}
--  {"ts": "2026-11-20 10:00:04", "k": "c", "v": null}
--  {"ts": "2026-11-20 10:00:04.5", "k": "b", "v": 40}

SELECT k, COUNT(*) FILTER (WHERE v > 2) AS big, SUM(v) FILTER (WHERE v < 10) AS small, MAX(v) AS m
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, k;
--out sorted
--  +I	a	1	1	20
--  +I	c	0	<NULL>	<NULL>
--  +I	b	2	3	40

SELECT k, SUM(v) AS s
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, k
HAVING SUM(v) > 21;
--out sorted
--  +I	b	43
