-- A column that another one is computed from stays.
CREATE TABLE t (amount INT, twice AS amount * 2) WITH ('connector' = 'blackhole');

ALTER TABLE t DROP amount;
--error column "twice" is computed from it
