-- Also the fields of rows must be there.
CREATE TABLE t (id STRING, r ROW<a INT, b INT>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json', 'json.fail-on-missing-field' = 'true');
--file t.jsonl
--  {"id": "a", "r": {"b": null, "a": 1}}
--  {"id": "b", "r": null}

SELECT * FROM t;
--out
--  +I	a	(1, NULL)
--  +I	b	<NULL>

CREATE TABLE bad (id STRING, r ROW<a INT, b INT>)
WITH ('connector' = 'filesystem', 'path' = '${dir}/bad.jsonl', 'format' = 'json', 'json.fail-on-missing-field' = 'true');
--file bad.jsonl
--  {"id": "a", "r": {"a": 1}}

SELECT * FROM bad;
--error missing
