-- What the print connector prints of nested values.
--only straight
CREATE TABLE t (m MULTISET<STRING>, a ARRAY<ROW<k STRING, v INT>>, mm MAP<STRING, ROW<x INT>>, ts ARRAY<TIMESTAMP(3)>, b ARRAY<BYTES>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"m": {"x": 2}, "a": [{"k": "p", "v": 1}, null], "mm": {"k": {"x": 1}}, "ts": ["2026-11-20 10:00:00.5", null], "b": ["Af8="]}
--  {"m": {}, "a": [], "mm": {"l": null}}

CREATE TABLE many (a MAP<STRING, INT>, b MAP<INT, STRING>, c MAP<BIGINT, INT>) WITH ('connector' = 'print');
INSERT INTO many SELECT MAP['zeta', 1, 'alpha', 2, 'größe', 3, '温度', 4, 'a b', 5, '🌡', 6, '', 7], MAP[17, 'a', -1, 'b', 3, 'c', 100000, 'd'], MAP[CAST(4294967299 AS BIGINT), 1, CAST(-5 AS BIGINT), 2, CAST(3 AS BIGINT), 3] FROM t WHERE a IS NOT NULL AND CARDINALITY(a) > 0;
--out
--  +I[{zeta=1, 温度=4, =7, a b=5, größe=3, alpha=2, 🌡=6}, {-1=b, 17=a, 100000=d, 3=c}, {4294967299=1, 3=3, -5=2}]

CREATE TABLE o (m MULTISET<STRING>, a ARRAY<ROW<k STRING, v INT>>, mm MAP<STRING, ROW<x INT>>, ts ARRAY<TIMESTAMP(3)>, b ARRAY<BYTES>) WITH ('connector' = 'print');
INSERT INTO o SELECT * FROM t;
--out sorted
--  +I[{x=2}, [+I[p, 1], null], {k=+I[1]}, [2026-11-20T10:00:00.500, null], [[1, -1]]]
--  +I[{}, [], {l=null}, null, null]
