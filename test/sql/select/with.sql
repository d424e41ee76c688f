-- Common table expressions: one uses the one before.
CREATE TABLE t (id STRING, n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"id": "a", "n": 1}
--  {"id": "b", "n": 2}
--  {"id": "c", "n": 3}

WITH odd AS (SELECT id, n FROM t WHERE MOD(n, 2) = 1),
     named (label, square) AS (SELECT id || '!', n * n FROM odd)
SELECT label, square FROM named WHERE square > 0;
--out
--  +I	a!	1
--  +I	c!	9
