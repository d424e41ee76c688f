-- An aggregation without keys changes one row; over nothing it says nothing.
CREATE TABLE t (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "v": 1}
--  {"k": "b", "v": null}
--  {"k": "a", "v": 3}

SELECT COUNT(*) AS n, SUM(v) AS s, AVG(v) AS a FROM t;
--out
--  +I	1	1	1
--  -U	1	1	1
--  +U	2	1	1
--  -U	2	1	1
--  +U	3	4	2

SELECT COUNT(*) AS n FROM t WHERE k = 'none';
--out
