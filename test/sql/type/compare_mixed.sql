-- Values of different types are compared in the wider one; text with a time as a time.
CREATE TABLE t (n INT, d DOUBLE, c DECIMAL(4, 1), s STRING, ts TIMESTAMP(3))
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"n": 2, "d": 2.0, "c": 2.0, "s": "2", "ts": "2026-11-20 00:00:00"}
--  {"n": 3, "d": 2.5, "c": 3.5, "s": "10", "ts": "2026-11-20 00:00:01"}

SELECT n = d AS a, n = c AS b, d < c AS e, ts = '2026-11-20 00:00:00' AS g, ts > TIMESTAMP '2026-11-20 00:00:00' AS h, s < '2' AS i FROM t;
--out
--  +I	TRUE	TRUE	FALSE	TRUE	FALSE	FALSE
--  +I	FALSE	FALSE	TRUE	FALSE	TRUE	TRUE
