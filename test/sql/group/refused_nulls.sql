-- RESPECT NULLS and IGNORE NULLS are ARRAY_AGG's.
CREATE TABLE e (v INT) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"v": 1}
SELECT FIRST_VALUE(v) RESPECT NULLS FROM e;
--error Cannot specify IGNORE NULLS or RESPECT NULLS following 'FIRST_VALUE'
