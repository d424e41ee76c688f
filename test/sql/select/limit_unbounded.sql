-- A LIMIT ends a job whose input never does; on Flink such a job goes on.
--only millrace
CREATE TABLE numbers (n BIGINT) WITH (
  'connector' = 'datagen', 'rows-per-second' = '10000',
  'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '1000000000'
);

SELECT n FROM numbers LIMIT 3;
--only straight
--out
--  +I	1
--  +I	2
--  +I	3
