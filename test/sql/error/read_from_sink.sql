-- A table that cannot be read.
CREATE TABLE p (n INT) WITH ('connector' = 'print');
SELECT * FROM p;
--error print
