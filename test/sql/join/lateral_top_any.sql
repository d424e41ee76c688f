-- LATERAL with LIMIT over what is no DISTINCT, and in batch mode: the best rows of each group.
--only millrace
CREATE TABLE e (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"k": "a", "v": 1}
--  {"k": "a", "v": 3}
--  {"k": "b", "v": 32}
CREATE TABLE d (k STRING, x INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/d.jsonl', 'format' = 'json');
--file d.jsonl
--  {"k": "a", "x": 2}
--  {"k": "a", "x": 8}
--  {"k": "a", "x": 1}
--  {"k": "c", "x": 3}

SELECT e.v, t.x FROM e LEFT JOIN LATERAL (SELECT x FROM d WHERE d.k = e.k ORDER BY x DESC LIMIT 2) AS t ON TRUE;
--out folded
--  +I	1	2
--  +I	1	8
--  +I	3	2
--  +I	3	8
--  +I	32	<NULL>

SELECT e.v, t.x FROM e, LATERAL (SELECT x FROM d WHERE d.x < e.v ORDER BY x DESC LIMIT 1) AS t;
--out folded
--  +I	3	2
--  +I	32	8

SELECT v, (SELECT x FROM d WHERE d.k = e.k ORDER BY x LIMIT 1) AS least FROM e;
--out folded
--  +I	1	1
--  +I	3	1
--  +I	32	<NULL>

SET 'execution.runtime-mode' = 'batch';

SELECT e.v, t.x FROM e LEFT JOIN LATERAL (SELECT x FROM d WHERE d.k = e.k ORDER BY x DESC LIMIT 2) AS t ON TRUE;
--out folded
--  +I	1	2
--  +I	1	8
--  +I	3	2
--  +I	3	8
--  +I	32	<NULL>
