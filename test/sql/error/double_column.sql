-- A column that is declared twice.
CREATE TABLE t (n INT, n STRING) WITH ('connector' = 'blackhole');
--error line 2
