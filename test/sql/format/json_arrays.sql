-- A record that is an array is as many rows as it has elements.
CREATE TABLE t (a INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  [{"a": 1}]
--  {"a": 3}
--  []

SELECT * FROM t;
--out
--  +I	1
--  +I	3
