-- Functions of SQL are expressions that calls are replaced by.
--only millrace
--file t.jsonl
--  {"a": 1, "s": "x"}
--  {"a": -2, "s": null}
--  {"a": null, "s": "z"}
CREATE TABLE t (a INT, s STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');

CREATE FUNCTION twice (x BIGINT) RETURNS BIGINT RETURN x + x;
CREATE FUNCTION tag (x INT, s STRING) RETURNS STRING LANGUAGE SQL RETURN CASE WHEN x IS NULL THEN '?' ELSE COALESCE(s, '-') || '=' || CAST(x AS STRING) END;
SELECT twice(a), TWICE(a * 10), tag(a, s), tag(7, UPPER(s)) FROM t;
--out
--  +I	2	20	x=1	X=7
--  +I	-4	-40	-=-2	-=7
--  +I	<NULL>	<NULL>	?	Z=7

-- Flink's shape has the same in quotes; an error in there points to its place.
CREATE FUNCTION area AS '(w DOUBLE, h DOUBLE) RETURNS DOUBLE RETURN w * h' LANGUAGE SQL;
CREATE TEMPORARY FUNCTION greet AS '(who STRING) RETURNS STRING RETURN ''hello, '' || who' LANGUAGE SQL;
SELECT area(a, 2.5), greet(s) FROM t;
--out
--  +I	2.5	hello, x
--  +I	-5.0	<NULL>
--  +I	<NULL>	hello, z

-- In keys of groups, in filters, in aggregates.
SELECT twice(a), COUNT(*) FROM t WHERE twice(a) > -100 OR twice(a) IS NULL GROUP BY twice(a);
--out folded
--  +I	-4	1
--  +I	2	1
--  +I	<NULL>	1

SELECT SUM(twice(a)), twice(SUM(a)) FROM t;
--out folded
--  +I	-2	-2

-- What is there is used with its own meaning, unless it is replaced for the whole session.
CREATE FUNCTION `upper` (s STRING) RETURNS STRING RETURN 'mine';
SELECT UPPER(s), default_database.`upper`(s) FROM t WHERE s IS NOT NULL;
--out
--  +I	X	mine
--  +I	Z	mine
CREATE TEMPORARY SYSTEM FUNCTION `upper` (s STRING) RETURNS STRING RETURN 'replaced';
SELECT UPPER(s) FROM t WHERE s IS NOT NULL;
--out
--  +I	replaced
--  +I	replaced
DROP TEMPORARY SYSTEM FUNCTION `upper`;

-- A function may call others, and knows the database it was made in.
CREATE FUNCTION four_times (x BIGINT) RETURNS BIGINT RETURN twice(twice(x));
CREATE DATABASE d;
USE d;
SELECT default_database.four_times(a) FROM default_database.t;
--out
--  +I	4
--  +I	-8
--  +I	<NULL>
CREATE FUNCTION IF NOT EXISTS twice (x INT) RETURNS INT RETURN x * 200;
SELECT twice(1), default_catalog.default_database.twice(1), default_database.four_times(1);
--out
--  +I	200	2	4
SHOW USER FUNCTIONS;
--out
--  +I	twice
USE default_database;

-- A volatile argument is computed once.
CREATE FUNCTION same (x DOUBLE) RETURNS BOOLEAN RETURN x = x AND x >= 0;
SELECT same(RAND()) FROM t;
--out
--  +I	TRUE
--  +I	TRUE
--  +I	TRUE

ALTER FUNCTION twice (x BIGINT) RETURNS BIGINT RETURN 2 * x + 1;
SELECT twice(a), four_times(1) FROM t;
--out
--  +I	3	7
--  +I	-3	7
--  +I	<NULL>	7
SHOW USER FUNCTIONS LIKE 't%';
--out
--  +I	tag
--  +I	twice
SHOW FUNCTIONS LIKE 'tw%';
--out
--  +I	twice
DESCRIBE FUNCTION EXTENDED tag;
--out
--  +I	is system function	false
--  +I	is temporary	false
--  +I	function language	SQL
--  +I	definition	CREATE FUNCTION tag (x INT, s STRING) RETURNS STRING LANGUAGE SQL RETURN CASE WHEN x IS NULL THEN '?' ELSE COALESCE(s, '-') || '=' || CAST(x AS STRING) END
SHOW CREATE FUNCTION area;
--out
--  +I	CREATE FUNCTION area (w DOUBLE, h DOUBLE) RETURNS DOUBLE LANGUAGE SQL RETURN w * h
DROP FUNCTION IF EXISTS nothing;
DROP FUNCTION twice;
SELECT area(1, 2);
--out
--  +I	2.0
