-- An aggregate of an aggregate.
CREATE TABLE t (v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');

SELECT SUM(MAX(v)) FROM t;
--error line 5
