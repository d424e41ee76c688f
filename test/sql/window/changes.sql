-- A window over rows that change: what is taken back is taken out of the window.
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
--  {"before": null, "after": {"id": 4, "k": "a", "v": 7, "ts": "2020-01-01 00:00:06"}, "op": "c"}

SELECT window_start, k, SUM(v) AS s, MAX(v) AS m, COUNT(*) AS c
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, k;
--out sorted
--  +I	2020-01-01 00:00:00.000	a	2	2	1
--  +I	2020-01-01 00:00:00.000	b	5	5	1
--  +I	2020-01-01 00:00:05.000	a	7	7	1
