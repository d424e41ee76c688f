-- CREATE TABLE AS SELECT.
CREATE TABLE t (id STRING, n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"id": "a", "n": 1}
--  {"id": "b", "n": 2}

CREATE TABLE o WITH ('connector' = 'filesystem', 'path' = '${dir}/o', 'format' = 'json') AS SELECT id, n * 2 AS m FROM t;

SELECT * FROM o;
--out sorted
--  +I	a	2
--  +I	b	4
