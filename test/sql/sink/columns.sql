-- INSERT names columns, in another order; the rest are NULL; types are cast to those of the table.
CREATE TABLE t (id STRING, n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"id": "a", "n": 1}
--  {"id": "b", "n": 2}

CREATE TABLE o (a BIGINT, b STRING, c DOUBLE) WITH ('connector' = 'filesystem', 'path' = '${dir}/o', 'format' = 'json');

INSERT INTO o (b, a) SELECT id, n FROM t;
INSERT INTO o SELECT n, id, n FROM t WHERE n = 2;

SELECT * FROM o;
--out sorted
--  +I	2	b	2.0
--  +I	1	a	<NULL>
--  +I	2	b	<NULL>
