-- Variances of rows that change.
CREATE TABLE t (k STRING, s STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "s": "x", "v": 1}
--  {"k": "b", "s": "y", "v": 5}
--  {"k": "a", "s": null, "v": 2}
--  {"k": "a", "s": "x", "v": 1}
--  {"k": null, "s": "z", "v": null}
--  {"k": "b", "s": "yy", "v": 4}

SELECT VAR_POP(m) AS p, STDDEV_SAMP(m) AS s FROM (SELECT k, CAST(SUM(v) AS DOUBLE) AS m FROM t GROUP BY k);
--out folded
--  +I	0.0	<NULL>
--  -U	0.0	<NULL>
--  +U	4.0	2.8284271247461903
--  -U	4.0	2.8284271247461903
--  +U	0.0	<NULL>
--  -U	0.0	<NULL>
--  +U	1.0	1.4142135623730951
--  -U	1.0	1.4142135623730951
--  +U	0.0	<NULL>
--  -U	0.0	<NULL>
--  +U	0.25	0.7071067811865476
--  -U	0.25	0.7071067811865476
--  +U	0.0	<NULL>
--  -U	0.0	<NULL>
--  +U	6.25	3.5355339059327378
