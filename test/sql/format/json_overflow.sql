-- A number that does not fit its column.
CREATE TABLE t (b TINYINT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"b": 1}
--  {"b": 128}

SELECT * FROM t;
--error b
