-- Sums and averages of DECIMAL are exact; SUM of TINYINT wraps.
CREATE TABLE e (ts TIMESTAMP(3), a DECIMAL(10, 3), t TINYINT, f FLOAT, WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts": "2026-11-20 10:00:00", "a": 0.1, "t": 100, "f": 0.5}
--  {"ts": "2026-11-20 10:00:01", "a": 0.2, "t": 100, "f": 0.25}
--  {"ts": "2026-11-20 10:00:02", "a": 9999999.999, "t": 100}
--  {"ts": "2026-11-20 10:00:03"}

SELECT SUM(a) AS s, AVG(a) AS av, SUM(t) AS st, AVG(t) AS avt, SUM(f) AS sf, AVG(f) AS af
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end;
--out
--  +I	10000000.299	3333333.433000	44	100	0.75	0.375
