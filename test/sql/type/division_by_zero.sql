-- An integer division by zero ends the job.
CREATE TABLE t (n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"n": 1}
--  {"n": 0}

SELECT 10 / n AS q FROM t;
--error zero
