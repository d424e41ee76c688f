-- An aggregation of an aggregation: what changes below is taken back.
CREATE TABLE t (k STRING, s STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "s": "x", "v": 1}
--  {"k": "b", "s": "y", "v": 5}
--  {"k": "a", "s": null, "v": 2}
--  {"k": "a", "s": "x", "v": 1}
--  {"k": null, "s": "z", "v": null}
--  {"k": "b", "s": "yy", "v": 4}

SELECT s, COUNT(*) AS n, MAX(k) AS m FROM (SELECT k, SUM(v) AS s FROM t GROUP BY k) GROUP BY s;
--out folded
--  +I	1	1	a
--  +I	5	1	b
--  -D	1	1	a
--  +I	3	1	a
--  -D	3	1	a
--  +I	4	1	a
--  +I	<NULL>	1	<NULL>
--  -D	5	1	b
--  +I	9	1	b
