-- Several databases; unqualified names belong to the current one.
--file a.jsonl
--  {"a": 1}
--file b.jsonl
--  {"b": 2}
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = '${dir}/a.jsonl', 'format' = 'json');
CREATE DATABASE d;
USE d;
CREATE TABLE t (b INT) WITH ('connector' = 'filesystem', 'path' = '${dir}/b.jsonl', 'format' = 'json');
CREATE VIEW v AS SELECT b + 1 AS b FROM t;
CREATE VIEW default_database.w AS SELECT b + 2 AS b FROM t;

SELECT b FROM t;
--out
--  +I	2

SELECT a FROM default_database.t;
--out
--  +I	1

USE default_catalog.default_database;
SELECT a FROM t;
--out
--  +I	1

SELECT b FROM d.v;
--out
--  +I	3

SELECT b FROM w;
--out
--  +I	4

DROP DATABASE d CASCADE;
DROP DATABASE IF EXISTS d;
SHOW DATABASES;
--out
--  +I	default_database
