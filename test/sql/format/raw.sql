-- raw: each line is the one column.
CREATE TABLE t (line STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.log', 'format' = 'raw');
--file t.log
--  GET /index.html 200
--  POST /api  500

SELECT line, SPLIT_INDEX(line, ' ', 1) AS path FROM t WHERE line LIKE '%200';
--out
--  +I	GET /index.html 200	/index.html
