-- Nested columns that deduplication keeps.
CREATE TABLE t (k STRING, ts TIMESTAMP(3), tags ARRAY<STRING>, r ROW<x INT, m MAP<STRING, INT>>, WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "ts": "2026-11-20 10:00:00", "tags": ["x"], "r": {"x": 1, "m": {"p": 1}}}
--  {"k": "b", "ts": "2026-11-20 10:00:01", "tags": [], "r": null}
--  {"k": "a", "ts": "2026-11-20 10:00:02", "tags": ["x", null], "r": {"x": 2}}
--  {"k": "b", "ts": "2026-11-20 10:00:03", "r": {"m": {"q": null}}}
--  {"k": "c", "ts": "2026-11-20 10:00:04", "tags": ["x"], "r": {"x": 1, "m": {"p": 1}}}

SELECT k, tags, r FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts DESC) AS n FROM t) WHERE n = 1;
--out folded
--  +I	a	[x, NULL]	(2, NULL)
--  +I	b	<NULL>	(NULL, {q=NULL})
--  +I	c	[x]	(1, {p=1})
