-- CASE and AND look only at what they need.
CREATE TABLE t (n INT, s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"n": 0, "s": "x"}
--  {"n": 2, "s": "4"}

SELECT CASE WHEN n <> 0 THEN 10 / n ELSE -1 END AS q, CASE WHEN s <> 'x' THEN CAST(s AS INT) END AS c, n <> 0 AND 10 / n > 1 AS a FROM t;
--out
--  +I	-1	<NULL>	FALSE
--  +I	5	4	TRUE
