-- The watermark that a row sees is that of the rows before it, once it has moved by more than 200 ms.
CREATE TABLE e (ts TIMESTAMP(3), v INT, WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"ts": "2026-11-20 10:00:01", "v": 1}
--  {"ts": "2026-11-20 10:00:05", "v": 2}
--  {"ts": "2026-11-20 10:00:04", "v": 3}
--  {"ts": "2026-11-20 10:00:03", "v": 4}
--  {"ts": "2026-11-20 10:00:09", "v": 5}

SELECT v, ts, CURRENT_WATERMARK(ts) AS w, CURRENT_WATERMARK(ts) IS NULL OR ts > CURRENT_WATERMARK(ts) AS on_time FROM e;
--out
--  +I	1	2026-11-20 10:00:01.000	<NULL>	TRUE
--  +I	2	2026-11-20 10:00:05.000	2026-11-20 10:00:00.000	TRUE
--  +I	3	2026-11-20 10:00:04.000	2026-11-20 10:00:04.000	FALSE
--  +I	4	2026-11-20 10:00:03.000	2026-11-20 10:00:04.000	FALSE
--  +I	5	2026-11-20 10:00:09.000	2026-11-20 10:00:04.000	TRUE

SELECT v FROM e WHERE ts <= CURRENT_WATERMARK(ts);
--out
--  +I	3
--  +I	4
