-- Regular expressions are Java's.
CREATE TABLE t (s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"s": "id=42; id=7"}
--  {"s": "none"}
--  {}

SELECT REGEXP_EXTRACT(s, 'id=([0-9]+)', 1) AS x, REGEXP_EXTRACT(s, 'id=([0-9]+)') AS w, REGEXP_REPLACE(s, '[0-9]+', '#') AS r, REGEXP(s, 'id=\d+') AS m FROM t;
--out
--  +I	42	id=42	id=#; id=#	TRUE
--  +I	<NULL>	<NULL>	none	FALSE
--  +I	<NULL>	<NULL>	<NULL>	<NULL>
