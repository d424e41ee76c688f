-- What DESCRIBE and SHOW COLUMNS say.
CREATE TABLE t (
  id STRING NOT NULL COMMENT 'who',
  n DECIMAL(10, 2),
  twice AS n * 2,
  file STRING METADATA FROM 'file.name' VIRTUAL,
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND,
  PRIMARY KEY (id) NOT ENFORCED
) WITH ('connector' = 'filesystem', 'path' = '${dir}/t', 'format' = 'json');
CREATE VIEW v AS SELECT id, UPPER(id) AS up FROM t;
CREATE TABLE p (n INT, at_once AS PROCTIME()) WITH ('connector' = 'blackhole');

DESCRIBE t;
--out
--  +I	id	STRING	FALSE	PRI(id)	<NULL>	<NULL>	who
--  +I	n	DECIMAL(10, 2)	TRUE	<NULL>	<NULL>	<NULL>	<NULL>
--  +I	twice	DECIMAL(21, 2)	TRUE	<NULL>	AS `n` * 2	<NULL>	<NULL>
--  +I	file	STRING	TRUE	<NULL>	METADATA FROM 'file.name' VIRTUAL	<NULL>	<NULL>
--  +I	ts	TIMESTAMP(3) *ROWTIME*	TRUE	<NULL>	<NULL>	`ts` - INTERVAL '5' SECOND	<NULL>

DESC v;
--out
--  +I	id	STRING	FALSE	<NULL>	<NULL>	<NULL>
--  +I	up	STRING	FALSE	<NULL>	<NULL>	<NULL>

DESCRIBE EXTENDED p;
--out
--  +I	n	INT	TRUE	<NULL>	<NULL>	<NULL>
--  +I	at_once	TIMESTAMP_LTZ(3) *PROCTIME*	FALSE	<NULL>	AS PROCTIME()	<NULL>

SHOW COLUMNS FROM t NOT LIKE 't%';
--out
--  +I	id	STRING	FALSE	PRI(id)	<NULL>	<NULL>	who
--  +I	n	DECIMAL(10, 2)	TRUE	<NULL>	<NULL>	<NULL>	<NULL>
--  +I	file	STRING	TRUE	<NULL>	METADATA FROM 'file.name' VIRTUAL	<NULL>	<NULL>

SHOW COLUMNS IN default_catalog.default_database.v LIKE 'u_';
--out
--  +I	up	STRING	FALSE	<NULL>	<NULL>	<NULL>
