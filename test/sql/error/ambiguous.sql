-- Two columns of one name.
CREATE TABLE t (n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');

SELECT x FROM (SELECT n AS x, n + 1 AS x FROM t);
--error x
