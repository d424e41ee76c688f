-- DISTINCT over rows that change: a value goes with its last row.
CREATE TABLE e (
  id INT,
  k STRING,
  v INT
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'debezium-json');
--file e.jsonl
--  {"before": null, "after": {"id": 1, "k": "a", "v": 1}, "op": "c"}
--  {"before": null, "after": {"id": 2, "k": "a", "v": 2}, "op": "c"}
--  {"before": null, "after": {"id": 3, "k": "a", "v": 1}, "op": "c"}
--  {"before": {"id": 1, "k": "a", "v": 1}, "after": {"id": 1, "k": "b", "v": 5}, "op": "u"}
--  {"before": {"id": 2, "k": "a", "v": 2}, "after": null, "op": "d"}
--  {"before": {"id": 3, "k": "a", "v": 1}, "after": null, "op": "d"}
--  {"before": {"id": 9, "k": "c", "v": 1}, "after": null, "op": "d"}
--  {"before": null, "after": {"id": 4, "k": "a", "v": 7}, "op": "c"}
--  {"before": {"id": 1, "k": "b", "v": 5}, "after": {"id": 1, "k": "b", "v": 5}, "op": "u"}

SELECT COUNT(DISTINCT k) AS k, COUNT(DISTINCT v) FILTER (WHERE id > 1) AS f, SUM(DISTINCT v) AS s, MAX(k) AS m FROM e;
--out
--  +I	1	0	1	a
--  -U	1	0	1	a
--  +U	1	1	3	a
--  -U	1	1	3	a
--  +U	1	2	3	a
--  -U	1	2	3	a
--  +U	2	2	8	b
--  -U	2	2	8	b
--  +U	2	1	6	b
--  -U	2	1	6	b
--  +U	1	0	5	b
--  -D	1	0	5	b
--  +I	1	1	7	a
--  -D	1	1	7	a
--  +I	1	0	5	b

SELECT DISTINCT k FROM e;
--out sorted
--  +I	a
--  +I	b
--  -D	a
--  +I	a
--  -D	b
--  +I	b

SELECT k, SUM(v) AS s FROM e GROUP BY k HAVING SUM(v) > 2;
--out sorted
--  +U	a	3
--  -U	a	3
--  +U	a	4
--  -U	a	4
--  +U	a	3
--  +I	b	5
--  -U	a	3
--  +I	a	7
--  -D	b	5
--  +I	b	5
