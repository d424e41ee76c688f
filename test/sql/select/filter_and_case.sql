-- WHERE keeps what is TRUE, not what is NULL; CASE takes the first branch that holds.
CREATE TABLE t (id STRING, n INT, ok BOOLEAN)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"id": "a", "n": 1, "ok": true}
--  {"id": "b", "n": 5, "ok": false}
--  {"id": "c", "n": 9}
--  {"id": "d", "ok": true}
--  {"id": "e", "n": 7, "ok": true}

SELECT id,
  CASE WHEN n < 3 THEN 'low' WHEN n < 8 THEN 'mid' ELSE 'high' END AS level,
  CASE n WHEN 9 THEN 'nine' END AS word,
  COALESCE(n, -1) + 1 AS next_n
FROM t
WHERE ok OR n > 8;
--out
--  +I	a	low	<NULL>	2
--  +I	c	high	nine	10
--  +I	d	high	<NULL>	0
--  +I	e	mid	<NULL>	8
