-- A key that stands twice: the last one counts.
-- Flink differs: it leaves a record when it has met as many fields as the table has columns.
CREATE TABLE t (a INT, b STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"a": 1, "b": "x", "a": 2}
--  {"b": "1", "b": null, "a": 3}

SELECT * FROM t;
--out
--  +I	2	x
--  +I	3	<NULL>
