-- A group's answer changes: +I first, then -U and +U; an answer that stays is not repeated.
CREATE TABLE t (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "v": 1}
--  {"k": "b", "v": 5}
--  {"k": "a", "v": 3}
--  {"k": "a", "v": 2}

SELECT k, MAX(v) AS m FROM t GROUP BY k;
--out
--  +I	a	1
--  +I	b	5
--  -U	a	1
--  +U	a	3
