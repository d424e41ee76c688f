-- Flink's own sources can have watermarks; none of the connectors here has.
--only millrace
CREATE TABLE t (
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS SOURCE_WATERMARK()
) WITH ('connector' = 'datagen');
--error SOURCE_WATERMARK(): no connector makes watermarks of its own
