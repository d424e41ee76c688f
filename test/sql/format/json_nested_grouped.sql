-- Nested columns that are grouped by and aggregated.
CREATE TABLE t (k STRING, ts TIMESTAMP(3), tags ARRAY<STRING>, r ROW<x INT, m MAP<STRING, INT>>, WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "ts": "2026-11-20 10:00:00", "tags": ["x"], "r": {"x": 1, "m": {"p": 1}}}
--  {"k": "b", "ts": "2026-11-20 10:00:01", "tags": [], "r": null}
--  {"k": "a", "ts": "2026-11-20 10:00:02", "tags": ["x", null], "r": {"x": 2}}
--  {"k": "b", "ts": "2026-11-20 10:00:03", "r": {"m": {"q": null}}}
--  {"k": "c", "ts": "2026-11-20 10:00:04", "tags": ["x"], "r": {"x": 1, "m": {"p": 1}}}

SELECT k, COUNT(tags), COUNT(r) FROM t GROUP BY k;
--out folded
--  +I	a	2	2
--  +I	b	1	1
--  +I	c	1	1

SELECT tags, COUNT(*) FROM t GROUP BY tags;
--out folded
--  +I	<NULL>	1
--  +I	[]	1
--  +I	[x, NULL]	1
--  +I	[x]	2
