-- A temporary table hides another one of its name.
--file a.jsonl
--  {"a": 1}
--file b.jsonl
--  {"b": 2}
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = '${dir}/a.jsonl', 'format' = 'json');
CREATE TEMPORARY TABLE t (b INT) WITH ('connector' = 'filesystem', 'path' = '${dir}/b.jsonl', 'format' = 'json');
CREATE TEMPORARY TABLE IF NOT EXISTS t (c INT) WITH ('connector' = 'blackhole');

SELECT * FROM t;
--out
--  +I	2

DROP TEMPORARY TABLE t;
SELECT * FROM t;
--out
--  +I	1

CREATE TEMPORARY VIEW t AS SELECT 'view' AS x;
SELECT * FROM t;
--out
--  +I	view

DROP TEMPORARY VIEW t;
DROP TEMPORARY TABLE IF EXISTS t;
SHOW TABLES;
--out
--  +I	t
