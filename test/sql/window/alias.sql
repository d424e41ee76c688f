-- An alias of a window function qualifies its columns, and may give them names.
--file e.jsonl
--  {"ts": "2020-01-01 00:00:01", "k": "a", "v": 1}
--  {"ts": "2020-01-01 00:00:02", "k": "a", "v": 2}
--  {"ts": "2020-01-01 00:00:07", "k": "b", "v": 4}
CREATE TABLE e (ts STRING, k STRING, v INT, rt AS TO_TIMESTAMP(ts), WATERMARK FOR rt AS rt)
WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');

SELECT w.k, w.window_start, SUM(w.v) AS s
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(rt), INTERVAL '5' SECOND)) AS w
GROUP BY w.k, w.window_start, w.window_end;
--out sorted
--  +I	a	2020-01-01 00:00:00.000	3
--  +I	b	2020-01-01 00:00:05.000	4

SELECT l.k, l.v, r.v AS other
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(rt), INTERVAL '5' SECOND)) AS l
JOIN TABLE(TUMBLE(TABLE e, DESCRIPTOR(rt), INTERVAL '5' SECOND)) AS r
ON l.k = r.k AND l.window_start = r.window_start AND l.window_end = r.window_end;
--out sorted
--  +I	a	1	1
--  +I	a	1	2
--  +I	a	2	1
--  +I	a	2	2
--  +I	b	4	4

SELECT a, n, `from`
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(rt), INTERVAL '5' SECOND)) AS w (x, a, n, y, `from`, `to`, z);
--out sorted
--  +I	a	1	2020-01-01 00:00:00.000
--  +I	a	2	2020-01-01 00:00:00.000
--  +I	b	4	2020-01-01 00:00:05.000
