-- The aggregates over integers, decimals and doubles.
CREATE TABLE e (
  ts TIMESTAMP(3),
  i INT,
  l BIGINT,
  d DOUBLE,
  c DECIMAL(8, 2),
  s STRING,
  b BOOLEAN,
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts": "2026-11-20 10:00:01", "i": 2147483647, "l": 1, "d": 1, "c": 1.25, "s": "b", "b": true}
--  {"ts": "2026-11-20 10:00:02", "i": 1, "l": 2, "d": 2, "c": 2.5, "s": "a", "b": false}
--  {"ts": "2026-11-20 10:00:03", "i": null, "l": null, "d": null, "c": null, "s": null, "b": null}
--  {"ts": "2026-11-20 10:00:04", "i": 5, "l": 4, "d": 6, "c": -1, "s": "c", "b": true}

SELECT COUNT(*) AS n, COUNT(i) AS ci, SUM(i) AS si, AVG(l) AS al, SUM(d) AS sd, AVG(d) AS ad, SUM(c) AS sc, AVG(c) AS ac
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end;
--out
--  +I	4	3	-2147483643	2	9.0	3.0	2.75	0.916667

SELECT MIN(i) AS mi, MAX(l) AS ml, MIN(d) AS md, MAX(c) AS mc, MIN(s) AS ms, MAX(s) AS xs, MAX(ts) AS mt, MIN(b) AS mb
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end;
--out
--  +I	1	4	1.0	2.50	a	c	2026-11-20 10:00:04.000	FALSE

SELECT STDDEV_POP(d) AS sp, VAR_POP(d) AS vp, STDDEV_SAMP(l) AS ss, VAR_SAMP(d) AS vs
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end;
--out
--  +I	2.160246899469287	4.666666666666667	1	7.0

SELECT FIRST_VALUE(s) AS f, LAST_VALUE(s) AS l
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end;
--out
--  +I	b	c
