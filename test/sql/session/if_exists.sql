-- IF EXISTS and IF NOT EXISTS; names with a database.
CREATE TABLE t (n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"n": 1}

CREATE TABLE IF NOT EXISTS t (other STRING) WITH ('connector' = 'blackhole');
DROP TABLE IF EXISTS nothing;
DROP VIEW IF EXISTS nothing;

SELECT n FROM default_catalog.default_database.t;
--out
--  +I	1

SELECT n FROM `default_database`.`t`;
--out
--  +I	1
