-- An option whose value is wrong.
CREATE TABLE t (n INT) WITH ('connector' = 'filesystem', 'path' = '${dir}/t', 'format' = 'json', 'json.ignore-parse-errors' = 'maybe');
SELECT * FROM t;
--error ignore-parse-errors
