-- Keys of every kind of type.
CREATE TABLE e (
  ts TIMESTAMP(3),
  b BOOLEAN, i TINYINT, l BIGINT, d DOUBLE, c DECIMAL(6, 2), t TIMESTAMP(6), dt DATE, x BYTES,
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts": "2026-11-20 10:00:01", "b": true, "i": 1, "l": 1, "d": 0.0, "c": 1.5, "t": "2026-11-20 10:00:00.000001", "dt": "2026-11-20", "x": "YQ=="}
--  {"ts": "2026-11-20 10:00:01", "b": false, "i": -1, "l": -1, "d": -0.0, "c": 1.50, "t": "2026-11-20 10:00:00.000002", "dt": "2026-11-21", "x": "Yg=="}
--  {"ts": "2026-11-20 10:00:02", "b": true, "i": 1, "l": 1, "d": 0.0, "c": 1.500, "t": "2026-11-20 10:00:00.000001", "dt": "2026-11-20", "x": "YQ=="}
--  {"ts": "2026-11-20 10:00:03"}
--  {"ts": "2026-11-20 10:00:03"}

SELECT b, i, l, COUNT(*) AS n
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, b, i, l;
--out sorted
--  +I	TRUE	1	1	2
--  +I	FALSE	-1	-1	1
--  +I	<NULL>	<NULL>	<NULL>	2

SELECT c, t, dt, COUNT(*) AS n
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, c, t, dt;
--out sorted
--  +I	1.50	2026-11-20 10:00:00.000001	2026-11-20	2
--  +I	1.50	2026-11-20 10:00:00.000002	2026-11-21	1
--  +I	<NULL>	<NULL>	<NULL>	2

SELECT x, COUNT(*) AS n
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, x;
--out sorted
--  +I	x'61'	2
--  +I	x'62'	1
--  +I	<NULL>	2
