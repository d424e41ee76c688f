-- fail-on-missing-field.
CREATE TABLE t (i INT, s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json', 'json.fail-on-missing-field' = 'true');
--file t.jsonl
--  {"i": 1, "s": "a"}
--  {"i": 2}

SELECT * FROM t;
--error "s"
