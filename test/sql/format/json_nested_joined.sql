-- Nested columns that a join keeps.
CREATE TABLE t (k STRING, ts TIMESTAMP(3), tags ARRAY<STRING>, r ROW<x INT, m MAP<STRING, INT>>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "ts": "2026-11-20 10:00:00", "tags": ["x"], "r": {"x": 1, "m": {"p": 1}}}
--  {"k": "b", "ts": "2026-11-20 10:00:01", "tags": [], "r": null}
--  {"k": "a", "ts": "2026-11-20 10:00:02", "tags": ["x", null], "r": {"x": 2}}
--  {"k": "b", "ts": "2026-11-20 10:00:03", "r": {"m": {"q": null}}}
--  {"k": "c", "ts": "2026-11-20 10:00:04", "tags": ["x"], "r": {"x": 1, "m": {"p": 1}}}

SELECT a.k, b.k, a.tags, b.r FROM t a JOIN t b ON a.k = b.k AND a.ts < b.ts;
--out folded
--  +I	a	a	[x]	(2, NULL)
--  +I	b	b	[]	(NULL, {q=NULL})
