-- A table and a view that change.
--file a.jsonl
--  {"a": 1, "s": "x", "ts": "2020-01-01 00:00:00", "b": 5}
--file b.jsonl
--  {"a": 2, "s": "y", "ts": "2020-01-01 00:00:01", "b": 6}
CREATE TABLE t (a INT, s STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/a.jsonl', 'format' = 'json');
CREATE VIEW v AS SELECT a FROM t;

ALTER TABLE t ADD (b BIGINT FIRST, ts TIMESTAMP(3), twice AS b * 2 AFTER b, WATERMARK FOR ts AS ts - INTERVAL '1' SECOND, PRIMARY KEY (a) NOT ENFORCED);
DESCRIBE t;
--out
--  +I	b	BIGINT	TRUE	<NULL>	<NULL>	<NULL>
--  +I	twice	BIGINT	TRUE	<NULL>	AS `b` * 2	<NULL>
--  +I	a	INT	FALSE	PRI(a)	<NULL>	<NULL>
--  +I	s	STRING	TRUE	<NULL>	<NULL>	<NULL>
--  +I	ts	TIMESTAMP(3) *ROWTIME*	TRUE	<NULL>	<NULL>	`ts` - INTERVAL '1' SECOND

SELECT * FROM t;
--out
--  +I	5	10	1	x	2020-01-01 00:00:00.000

ALTER TABLE t MODIFY (s VARCHAR(20) COMMENT 'text' AFTER a, WATERMARK FOR ts AS ts);
ALTER TABLE t MODIFY twice AS b * 3 FIRST;
DESCRIBE t;
--out
--  +I	twice	BIGINT	TRUE	<NULL>	AS `b` * 3	<NULL>	<NULL>
--  +I	b	BIGINT	TRUE	<NULL>	<NULL>	<NULL>	<NULL>
--  +I	a	INT	FALSE	PRI(a)	<NULL>	<NULL>	<NULL>
--  +I	s	VARCHAR(20)	TRUE	<NULL>	<NULL>	<NULL>	text
--  +I	ts	TIMESTAMP(3) *ROWTIME*	TRUE	<NULL>	<NULL>	`ts`	<NULL>

ALTER TABLE t DROP PRIMARY KEY;
ALTER TABLE t DROP WATERMARK;
ALTER TABLE t DROP (twice, ts);
ALTER TABLE t SET ('path' = '${dir}/b.jsonl');
ALTER TABLE t RENAME TO u;
SELECT * FROM u;
--out
--  +I	6	2	y

ALTER VIEW v AS SELECT b, s FROM u;
ALTER VIEW v RENAME TO w;
SELECT * FROM w;
--out
--  +I	6	y

ALTER TABLE IF EXISTS t ADD c INT;
SHOW TABLES;
--out
--  +I	u
--  +I	w
