-- Two options that exclude each other.
CREATE TABLE t (n INT) WITH ('connector' = 'filesystem', 'path' = '${dir}/t', 'format' = 'json', 'json.ignore-parse-errors' = 'true', 'json.fail-on-missing-field' = 'true');
SELECT * FROM t;
--file t
--  {"n": 1}
--error ignore-parse-errors
