-- What DESCRIBE and SHOW say.
-- Flink differs: it writes NULL where nothing is to be said, and names in expressions in back-ticks.
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
--  +I	id	STRING	FALSE	PRI(id)			who
--  +I	n	DECIMAL(10, 2)	TRUE				
--  +I	twice	DECIMAL(21, 2)	TRUE		AS n * 2		
--  +I	file	STRING	TRUE		METADATA FROM 'file.name' VIRTUAL		
--  +I	ts	TIMESTAMP(3) *ROWTIME*	TRUE			ts - INTERVAL '5' SECOND	

SHOW TABLES;
--out sorted
--  +I	t
--  +I	v

SHOW VIEWS;
--out
--  +I	v
