-- The first rows, and those behind an offset.
CREATE TABLE t (n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"n": 1}
--  {"n": 2}
--  {"n": 3}
--  {"n": 4}
--  {"n": 5}
--  {"n": 6}
--  {"n": 7}

SELECT n FROM t LIMIT 3;
--out
--  +I	1
--  +I	2
--  +I	3

SELECT n FROM t WHERE n > 2 LIMIT 2 OFFSET 1;
--out
--  +I	4
--  +I	5

SELECT n FROM t OFFSET 4 ROWS FETCH NEXT 2 ROWS ONLY;
--out
--  +I	5
--  +I	6

SELECT n FROM t LIMIT 0;
--out
