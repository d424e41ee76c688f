-- CREATE TABLE LIKE takes over columns and options.
CREATE TABLE base (n INT, m AS n + 1) WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"n": 1, "s": "x"}
--  {"n": "bad"}

CREATE TABLE t (s STRING) WITH ('json.ignore-parse-errors' = 'true') LIKE base (INCLUDING ALL);

SELECT * FROM t;
--out
--  +I	1	2	x
--  +I	<NULL>	<NULL>	<NULL>
