-- Sessions by the clock of the session's zone, over instants.
SET 'table.local-time-zone' = 'Asia/Shanghai';
CREATE TABLE e (
  ms BIGINT,
  k STRING,
  rt AS TO_TIMESTAMP_LTZ(ms, 3),
  WATERMARK FOR rt AS rt
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ms": 1577836800000, "k": "a"}
--  {"ms": 1577836801000, "k": "a"}
--  {"ms": 1577836809000, "k": "a"}
--  {"ms": 1577836803000, "k": "a"}

SELECT window_start, window_end, window_time, k, COUNT(DISTINCT ms) AS c
FROM TABLE(SESSION(TABLE e PARTITION BY k, DESCRIPTOR(rt), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, window_time, k;
--out
--  +I	2020-01-01 08:00:00.000	2020-01-01 08:00:06.000	2020-01-01 08:00:05.999	a	2
--  +I	2020-01-01 08:00:09.000	2020-01-01 08:00:14.000	2020-01-01 08:00:13.999	a	1
