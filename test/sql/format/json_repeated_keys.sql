-- A key that stands twice: the last one counts.
CREATE TABLE t (a INT, b STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"a": 1, "b": "x", "a": 2}
--  {"b": "1", "b": null, "a": 3}

SELECT * FROM t;
--out
--  +I	2	x
--  +I	3	<NULL>
