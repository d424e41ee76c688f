-- OVER plans AVG as SUM divided by COUNT, so that it wraps around in the argument's type; GROUP BY does not.
CREATE TABLE t (id INT, n INT, s SMALLINT, rt AS TO_TIMESTAMP_LTZ(id * 1000, 3), WATERMARK FOR rt AS rt)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"id": 1, "n": 2147483647, "s": 32767}
--  {"id": 2, "n": 56, "s": 32767}
--  {"id": 3, "n": 2147483647, "s": 32767}

SELECT id,
  AVG(n) OVER (ORDER BY rt RANGE BETWEEN INTERVAL '5' SECOND PRECEDING AND CURRENT ROW),
  AVG(s) OVER (ORDER BY rt RANGE BETWEEN INTERVAL '5' SECOND PRECEDING AND CURRENT ROW)
FROM t;
--out
--  +I	1	2147483647	32767
--  +I	2	-1073741796	-1
--  +I	3	18	10921

SELECT AVG(n), AVG(s) FROM t;
--out folded
--  +I	1431655783	32767
