-- A table cannot be dropped while a temporary one hides it.
CREATE TABLE t (n INT) WITH ('connector' = 'blackhole');
CREATE TEMPORARY TABLE t (n INT) WITH ('connector' = 'blackhole');

DROP TABLE t;
--error DROP TEMPORARY TABLE
