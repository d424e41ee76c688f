-- NULL is a key like any other; keys may be several and computed.
CREATE TABLE e (
  ts TIMESTAMP(3),
  k STRING,
  v INT,
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts": "2026-11-20 10:00:01", "k": null, "v": 1}
--  {"ts": "2026-11-20 10:00:02", "k": "a", "v": 2}
--  {"ts": "2026-11-20 10:00:03", "k": null, "v": 4}
--  {"ts": "2026-11-20 10:00:04", "k": "b", "v": null}
--  {"ts": "2026-11-20 10:00:05", "k": null, "v": 16}

SELECT window_start, k, v IS NULL AS missing, COUNT(*) AS c, COUNT(v) AS cv, SUM(v) AS s
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, k, v IS NULL;
--out sorted
--  +I	2026-11-20 10:00:00.000	<NULL>	FALSE	2	2	5
--  +I	2026-11-20 10:00:00.000	a	FALSE	1	1	2
--  +I	2026-11-20 10:00:00.000	b	TRUE	1	0	<NULL>
--  +I	2026-11-20 10:00:05.000	<NULL>	FALSE	1	1	16
