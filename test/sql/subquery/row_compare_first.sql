-- Rows are compared by their first values that differ, not by their first values.
-- Flink differs: it compares the first values only.
CREATE TABLE e (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"k": "a", "v": 1}
--  {"k": "a", "v": 2}
--  {"k": "a", "v": 8}
--  {"k": "b", "v": 32}
--  {"k": "c", "v": 3}
CREATE TABLE d (k STRING, x INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/d.jsonl', 'format' = 'json');
--file d.jsonl
--  {"k": "a", "x": 2}
--  {"k": "c", "x": 3}

SELECT v FROM e WHERE (k, v) > ALL (SELECT k, x FROM d WHERE x < 3);
--out folded
--  +I	3
--  +I	32
--  +I	8

SELECT v FROM e WHERE (k, v) <> SOME (SELECT k, x FROM d WHERE x < 3);
--out folded
--  +I	1
--  +I	3
--  +I	32
--  +I	8
