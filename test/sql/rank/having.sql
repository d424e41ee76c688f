-- Groups that HAVING lets go leave the Top-N.
CREATE TABLE e (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"k":"a","v":1}
--  {"k":"b","v":1}
--  {"k":"a","v":1}
--  {"k":"c","v":1}
--  {"k":"a","v":1}
--  {"k":"b","v":1}

SELECT k, c, n FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY c DESC, k) AS n FROM (SELECT k, COUNT(*) AS c FROM e GROUP BY k HAVING COUNT(*) < 3)) WHERE n <= 2;
--out folded
--  +I	b	2	1
--  +I	c	1	2

SELECT k, c FROM (SELECT k, MAX(v) AS c FROM e GROUP BY k) ORDER BY c DESC, k LIMIT 2;
--out folded
--  +I	a	1
--  +I	b	1
