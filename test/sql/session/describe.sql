-- What DESCRIBE and SHOW say.
CREATE TABLE t (
  id STRING NOT NULL COMMENT 'who',
  n DECIMAL(10, 2),
  twice AS n * 2,
  file STRING METADATA FROM 'file.name' VIRTUAL,
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND,
  PRIMARY KEY (id) NOT ENFORCED
) WITH ('connector' = 'filesystem', 'path' = '${dir}/t', 'format' = 'json');
CREATE VIEW v AS SELECT id FROM t;

DESCRIBE t;
--out
--  +I	id	STRING	FALSE	PRI(id)	<NULL>	<NULL>	who
--  +I	n	DECIMAL(10, 2)	TRUE	<NULL>	<NULL>	<NULL>	<NULL>
--  +I	twice	DECIMAL(21, 2)	TRUE	<NULL>	AS `n` * 2	<NULL>	<NULL>
--  +I	file	STRING	TRUE	<NULL>	METADATA FROM 'file.name' VIRTUAL	<NULL>	<NULL>
--  +I	ts	TIMESTAMP(3) *ROWTIME*	TRUE	<NULL>	<NULL>	`ts` - INTERVAL '5' SECOND	<NULL>

SHOW TABLES;
--out sorted
--  +I	t
--  +I	v

SHOW VIEWS;
--out
--  +I	v
