-- A precision that is too large.
--only millrace
CREATE TABLE t (n DECIMAL(50, 2)) WITH ('connector' = 'datagen', 'number-of-rows' = '1');
SELECT * FROM t;
--error line 3
