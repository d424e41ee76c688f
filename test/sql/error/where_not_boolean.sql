-- WHERE wants a condition.
CREATE TABLE t (n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');

SELECT n FROM t WHERE n + 1;
--error line 5
