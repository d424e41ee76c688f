-- DISTINCT emits each row once, NULLs alike.
CREATE TABLE t (k STRING, n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "n": 1}
--  {"k": "a", "n": 1}
--  {"k": "b"}
--  {"k": "a", "n": 2}
--  {"k": "b"}
--  {"k": null, "n": null}
--  {}

SELECT DISTINCT k, n FROM t;
--out
--  +I	a	1
--  +I	b	<NULL>
--  +I	a	2
--  +I	<NULL>	<NULL>
