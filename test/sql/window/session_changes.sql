-- Sessions of rows that change.
CREATE TABLE e (
  id INT,
  k STRING,
  v INT,
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'debezium-json');
--file e.jsonl
--  {"before": null, "after": {"id": 1, "k": "a", "v": 1, "ts": "2020-01-01 00:00:01"}, "op": "c"}
--  {"before": null, "after": {"id": 2, "k": "a", "v": 2, "ts": "2020-01-01 00:00:02"}, "op": "c"}
--  {"before": {"id": 1, "k": "a", "v": 1, "ts": "2020-01-01 00:00:01"}, "after": {"id": 1, "k": "b", "v": 5, "ts": "2020-01-01 00:00:03"}, "op": "u"}
--  {"before": null, "after": {"id": 3, "k": "c", "v": 9, "ts": "2020-01-01 00:00:04"}, "op": "c"}
--  {"before": {"id": 3, "k": "c", "v": 9, "ts": "2020-01-01 00:00:04"}, "after": null, "op": "d"}

SELECT window_start, window_end, k, SUM(v) AS s, COUNT(*) AS c
FROM TABLE(SESSION(TABLE e PARTITION BY k, DESCRIPTOR(ts), INTERVAL '2' SECOND))
GROUP BY window_start, window_end, k;
--out sorted
--  +I	2020-01-01 00:00:01.000	2020-01-01 00:00:04.000	a	2	1
--  +I	2020-01-01 00:00:03.000	2020-01-01 00:00:05.000	b	5	1

SELECT k, TUMBLE_START(ts, INTERVAL '5' SECOND) AS w, MIN(v) AS m, COUNT(*) AS c FROM e GROUP BY k, TUMBLE(ts, INTERVAL '5' SECOND);
--out sorted
--  +I	a	2020-01-01 00:00:00.000	2	1
--  +I	b	2020-01-01 00:00:00.000	5	1
