-- An option that must be there.
CREATE TABLE t (n INT) WITH ('connector' = 'filesystem', 'format' = 'json');
SELECT * FROM t;
--error path
