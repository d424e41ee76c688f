-- LIMIT wants a number.
CREATE TABLE t (n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');

SELECT n FROM t LIMIT -1;
--error line 5
