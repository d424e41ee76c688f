-- A column to be altered that there is not.
CREATE TABLE t (amount INT, name STRING) WITH ('connector' = 'blackhole');

ALTER TABLE t MODIFY amont BIGINT;
--error did you mean "amount"?
