-- OPTIONS of a hint come before those of the table.
CREATE TABLE t (n INT) WITH ('connector' = 'filesystem', 'path' = '${dir}/none.jsonl', 'format' = 'json');
--file some.jsonl
--  {"n": 1}
--  {"n": "x"}

SELECT n FROM t /*+ OPTIONS('path' = '${dir}/some.jsonl', 'json.ignore-parse-errors' = 'true') */;
--out
--  +I	1
--  +I	<NULL>
