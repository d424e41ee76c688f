-- A view over a view, with column names of its own.
CREATE TABLE t (id STRING, n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"id": "a", "n": 1}
--  {"id": "b", "n": 20}
--  {"id": "c", "n": 30}

CREATE VIEW big (who, many) AS SELECT id, n FROM t WHERE n > 10;
CREATE TEMPORARY VIEW twice AS SELECT who, many * 2 AS doubled FROM big;

SELECT * FROM twice WHERE doubled < 50;
--out
--  +I	b	40

DROP VIEW big;
CREATE VIEW big AS SELECT 'none' AS who, 0 AS many;
SELECT many FROM big;
--out
--  +I	0
