-- A connector that is not there.
CREATE TABLE t (n INT) WITH ('connector' = 'filesytem', 'path' = '${dir}/x', 'format' = 'json');
SELECT * FROM t;
--error filesystem
