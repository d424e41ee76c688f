-- Event time as a number, made an instant by a computed column.
CREATE TABLE e (
  sec BIGINT,
  v INT,
  rt AS TO_TIMESTAMP_LTZ(sec, 0),
  WATERMARK FOR rt AS rt - INTERVAL '1' SECOND
) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"sec": 1763632800, "v": 1}
--  {"sec": 1763632859, "v": 2}
--  {"sec": 1763632860, "v": 4}

SELECT window_start, window_end, SUM(v) AS s
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(rt), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end;
--out
--  +I	2025-11-20 10:00:00.000	2025-11-20 10:01:00.000	3
--  +I	2025-11-20 10:01:00.000	2025-11-20 10:02:00.000	4
