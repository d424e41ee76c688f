-- A format that there is not.
CREATE TABLE t (n INT) WITH ('connector' = 'filesystem', 'path' = '${dir}/t', 'format' = 'jsn');
SELECT * FROM t;
--error jsn
