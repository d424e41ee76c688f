-- PERCENTILE, alone and of several shares.
CREATE TABLE t (k STRING, s STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "s": "x", "v": 1}
--  {"k": "b", "s": "y", "v": 5}
--  {"k": "a", "s": null, "v": 2}
--  {"k": "a", "s": "x", "v": 1}
--  {"k": null, "s": "z", "v": null}
--  {"k": "b", "s": "yy", "v": 4}

SELECT PERCENTILE(v, 0.5) AS p, PERCENTILE(v, ARRAY[0.25, 1.0]) AS q, PERCENTILE(v, 0.5, v) AS w FROM t;
--out
--  +I	1.0	[1.0, 1.0]	1.0
--  -U	1.0	[1.0, 1.0]	1.0
--  +U	3.0	[2.0, 5.0]	5.0
--  -U	3.0	[2.0, 5.0]	5.0
--  +U	2.0	[1.5, 5.0]	5.0
--  -U	2.0	[1.5, 5.0]	5.0
--  +U	1.5	[1.0, 5.0]	5.0
--  -U	1.5	[1.0, 5.0]	5.0
--  +U	2.0	[1.0, 5.0]	4.0
