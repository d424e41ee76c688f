-- Values are taken out in the order in which they came; a group that has lost its last row is deleted, and may come again.
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

SELECT k, COUNT(*) AS c, SUM(v) AS s, MIN(v) AS n, MAX(v) AS m, FIRST_VALUE(v) AS f, LAST_VALUE(v) AS l,
  LISTAGG(CAST(v AS STRING)) AS t, COUNT(DISTINCT v) AS d, ARRAY_AGG(id) AS a, COLLECT(v) AS o
FROM e GROUP BY k;
--out sorted
--  +I	a	1	1	1	1	1	1	1	1	[1]	{1=1}
--  -U	a	1	1	1	1	1	1	1	1	[1]	{1=1}
--  +U	a	2	3	1	2	1	2	1,2	2	[1, 2]	{1=1, 2=1}
--  -U	a	2	3	1	2	1	2	1,2	2	[1, 2]	{1=1, 2=1}
--  +U	a	3	4	1	2	1	1	1,2,1	2	[1, 2, 3]	{1=2, 2=1}
--  -U	a	3	4	1	2	1	1	1,2,1	2	[1, 2, 3]	{1=2, 2=1}
--  +U	a	2	3	1	2	2	1	2,1	2	[2, 3]	{1=1, 2=1}
--  +I	b	1	5	5	5	5	5	5	1	[1]	{5=1}
--  -U	a	2	3	1	2	2	1	2,1	2	[2, 3]	{1=1, 2=1}
--  +U	a	1	1	1	1	1	1	1	1	[3]	{1=1}
--  -D	a	1	1	1	1	1	1	1	1	[3]	{1=1}
--  +I	a	1	7	7	7	7	7	7	1	[4]	{7=1}
--  -D	b	1	5	5	5	5	5	5	1	[1]	{5=1}
--  +I	b	1	5	5	5	5	5	5	1	[1]	{5=1}
