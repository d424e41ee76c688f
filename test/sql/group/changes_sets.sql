-- GROUPING SETS over rows that change.
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

SELECT k, id, SUM(v) AS s, AVG(CAST(v AS DECIMAL(5, 2))) AS a, GROUPING(id) AS g FROM e GROUP BY ROLLUP (k, id);
--out sorted
--  +I	a	1	1	1.000000	0
--  +I	a	<NULL>	1	1.000000	1
--  +I	<NULL>	<NULL>	1	1.000000	1
--  +I	a	2	2	2.000000	0
--  -U	a	<NULL>	1	1.000000	1
--  +U	a	<NULL>	3	1.500000	1
--  -U	<NULL>	<NULL>	1	1.000000	1
--  +U	<NULL>	<NULL>	3	1.500000	1
--  +I	a	3	1	1.000000	0
--  -U	a	<NULL>	3	1.500000	1
--  +U	a	<NULL>	4	1.333333	1
--  -U	<NULL>	<NULL>	3	1.500000	1
--  +U	<NULL>	<NULL>	4	1.333333	1
--  -D	a	1	1	1.000000	0
--  -U	a	<NULL>	4	1.333333	1
--  +U	a	<NULL>	3	1.500000	1
--  -U	<NULL>	<NULL>	4	1.333333	1
--  +U	<NULL>	<NULL>	3	1.500000	1
--  +I	b	1	5	5.000000	0
--  +I	b	<NULL>	5	5.000000	1
--  -U	<NULL>	<NULL>	3	1.500000	1
--  +U	<NULL>	<NULL>	8	2.666667	1
--  -D	a	2	2	2.000000	0
--  -U	a	<NULL>	3	1.500000	1
--  +U	a	<NULL>	1	1.000000	1
--  -U	<NULL>	<NULL>	8	2.666667	1
--  +U	<NULL>	<NULL>	6	3.000000	1
--  -D	a	3	1	1.000000	0
--  -D	a	<NULL>	1	1.000000	1
--  -U	<NULL>	<NULL>	6	3.000000	1
--  +U	<NULL>	<NULL>	5	5.000000	1
--  -D	<NULL>	<NULL>	5	5.000000	1
--  +I	a	4	7	7.000000	0
--  +I	a	<NULL>	7	7.000000	1
--  +I	<NULL>	<NULL>	7	7.000000	1
--  -D	b	1	5	5.000000	0
--  -D	b	<NULL>	5	5.000000	1
--  -D	<NULL>	<NULL>	7	7.000000	1
--  +I	b	1	5	5.000000	0
--  +I	b	<NULL>	5	5.000000	1
--  +I	<NULL>	<NULL>	5	5.000000	1
