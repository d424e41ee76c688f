-- Text that may be longer than the column of a sink is cut.
CREATE TABLE t (s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"s": "abcdef"}
--  {"s": "ab"}

CREATE TABLE o (s VARCHAR(3)) WITH ('connector' = 'filesystem', 'path' = '${dir}/o', 'format' = 'json');

INSERT INTO o SELECT s FROM t;
SELECT * FROM o;
--out sorted
--  +I	abc
--  +I	ab
