-- A table that cannot be written.
CREATE TABLE g (n INT) WITH ('connector' = 'datagen');
INSERT INTO g SELECT 1;
--error datagen
