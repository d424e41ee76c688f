-- All that can be taken out of a group again.
CREATE TABLE t (k STRING, s STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "s": "x", "v": 1}
--  {"k": "b", "s": "y", "v": 5}
--  {"k": "a", "s": null, "v": 2}
--  {"k": "a", "s": "x", "v": 1}
--  {"k": null, "s": "z", "v": null}
--  {"k": "b", "s": "yy", "v": 4}

SELECT COUNT(*) AS c, SUM(m) AS s, MIN(m) AS least, MAX(m) AS most, AVG(m) AS a, COUNT(DISTINCT m) AS d
FROM (SELECT k, MAX(v) AS m FROM t GROUP BY k);
--out folded
--  +I	3	7	2	5	3	2
