-- HAVING over a changelog: a group appears when it begins to hold.
CREATE TABLE t (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "v": 1}
--  {"k": "b", "v": 5}
--  {"k": "a", "v": 3}
--  {"k": "b", "v": -4}
--  {"k": "a", "v": 2}

SELECT k, SUM(v) AS s FROM t GROUP BY k HAVING SUM(v) > 2;
--out
--  +I	b	5
--  +U	a	4
--  -U	b	5
--  -U	a	4
--  +U	a	6
