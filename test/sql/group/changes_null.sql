-- The sum, the average, the least of values that have all gone are NULL.
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

SELECT COUNT(*) AS c, SUM(w) AS s, AVG(w) AS a, MIN(w) AS m, SUM(d) AS d, STDDEV_POP(d) AS p
FROM (SELECT id, v, CASE WHEN v = 2 THEN v END AS w, CASE WHEN v = 2 THEN CAST(v AS DOUBLE) END AS d FROM e);
--out sorted
--  +I	1	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
--  -U	1	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
--  +U	2	2	2	2	2.0	0.0
--  -U	2	2	2	2	2.0	0.0
--  +U	3	2	2	2	2.0	0.0
--  -U	3	2	2	2	2.0	0.0
--  +U	2	2	2	2	2.0	0.0
--  -U	2	2	2	2	2.0	0.0
--  +U	3	2	2	2	2.0	0.0
--  -U	3	2	2	2	2.0	0.0
--  +U	2	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
--  -U	2	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
--  +U	1	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
--  -D	1	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
--  +I	1	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
--  -D	1	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
--  +I	1	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>
