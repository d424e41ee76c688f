-- What the print connector prints of nested values.
--only straight
CREATE TABLE t (m MULTISET<STRING>, a ARRAY<ROW<k STRING, v INT>>, mm MAP<STRING, ROW<x INT>>, ts ARRAY<TIMESTAMP(3)>, b ARRAY<BYTES>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"m": {"x": 2}, "a": [{"k": "p", "v": 1}, null], "mm": {"k": {"x": 1}}, "ts": ["2026-11-20 10:00:00.5", null], "b": ["Af8="]}
--  {"m": {}, "a": [], "mm": {"l": null}}

CREATE TABLE o (m MULTISET<STRING>, a ARRAY<ROW<k STRING, v INT>>, mm MAP<STRING, ROW<x INT>>, ts ARRAY<TIMESTAMP(3)>, b ARRAY<BYTES>) WITH ('connector' = 'print');
INSERT INTO o SELECT * FROM t;
--out sorted
--  +I[{x=2}, [+I[p, 1], null], {k=+I[1]}, [2026-11-20T10:00:00.500, null], [[1, -1]]]
--  +I[{}, [], {l=null}, null, null]
