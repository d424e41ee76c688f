-- Keys that are computed, answers that are computed, a filter inside.
CREATE TABLE t (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "aa", "v": 1}
--  {"k": "b", "v": 2}
--  {"k": "ab", "v": 3}
--  {"k": null, "v": 4}
--  {"k": "b", "v": null}

SELECT LEFT(k, 1) AS f, SUM(v) * 10 AS s, COUNT(*) FILTER (WHERE v > 1) AS c FROM t GROUP BY LEFT(k, 1);
--out
--  +I	a	10	0
--  +I	b	20	1
--  -U	a	10	0
--  +U	a	40	1
--  +I	<NULL>	40	1

SELECT CHAR_LENGTH(k) AS len, MIN(k) || '..' || MAX(k) AS r FROM t WHERE k IS NOT NULL GROUP BY CHAR_LENGTH(k);
--out
--  +I	2	aa..aa
--  +I	1	b..b
--  -U	2	aa..aa
--  +U	2	aa..ab
