-- A query in the place of a value must not give two rows.
CREATE TABLE t (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "v": 1}
--  {"k": "b", "v": 5}

SELECT k, (SELECT v FROM t) AS v FROM t;
--error more than one
