-- A type that there is not.
CREATE TABLE t (n INTEGR) WITH ('connector' = 'blackhole');
--error line 2
