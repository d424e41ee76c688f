-- A unit that there is not.
CREATE TABLE t (ts TIMESTAMP(3))
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');

SELECT ts + INTERVAL '5' FORTNIGHT FROM t;
--error line 5
