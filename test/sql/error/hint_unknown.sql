-- A hint that there is not.
CREATE TABLE t (n INT) WITH ('connector' = 'datagen');

SELECT /*+ STATE_TLL('t' = '1d') */ n FROM t;
--error did you mean STATE_TTL?
