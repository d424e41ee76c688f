-- Every aggregate of the article's statistics, over a view, with NULLs that only COUNT(*) sees.
CREATE TABLE sensors (
  id STRING NOT NULL,
  temperature DOUBLE,
  event_time TIMESTAMP(3) NOT NULL,
  WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND
) WITH ('connector' = 'filesystem', 'path' = '${dir}/sensors.jsonl', 'format' = 'json');
--file sensors.jsonl
--  {"id": "s1", "temperature": 50, "event_time": "2026-11-20 10:00:01.5"}
--  {"id": "s2", "temperature": 68, "event_time": "2026-11-20 10:00:02"}
--  {"id": "s1", "temperature": null, "event_time": "2026-11-20 10:00:00.123"}
--  {"id": "s1", "temperature": 59, "event_time": "2026-11-20 10:00:09.999"}
--  {"id": "s2", "event_time": "2026-11-20 10:00:12"}
--  {"id": "s1", "temperature": 41, "event_time": "2026-11-20 10:00:10"}

CREATE VIEW celsius AS
SELECT id, (temperature - 32) * 5 / 9 AS c, event_time FROM sensors WHERE id <> 'none';

SELECT id, window_start, COUNT(*) AS cnt, COUNT(c) AS cc, AVG(c) AS a, MIN(c) AS lo, MAX(c) AS hi
FROM TABLE(TUMBLE(TABLE celsius, DESCRIPTOR(event_time), INTERVAL '10' SECOND))
GROUP BY id, window_start, window_end;
--out sorted
--  +I	s1	2026-11-20 10:00:00.000	3	2	12.5	10.0	15.0
--  +I	s2	2026-11-20 10:00:00.000	1	1	20.0	20.0	20.0
--  +I	s1	2026-11-20 10:00:10.000	1	1	5.0	5.0	5.0
--  +I	s2	2026-11-20 10:00:10.000	1	0	<NULL>	<NULL>	<NULL>
