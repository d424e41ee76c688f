-- Java's patterns, in and out.
CREATE TABLE t (ts TIMESTAMP(3), s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"ts": "2026-11-20 09:08:07.065", "s": "20/11/2026 9h"}
--  {"ts": "2026-01-02 23:00:00", "s": "bad"}
--  {}

SELECT DATE_FORMAT(ts, 'yyyy-MM-dd HH:mm:ss') AS a, DATE_FORMAT(ts, 'yyMMdd''T''HH.SSS') AS b, DATE_FORMAT(ts, 'EEE d MMM yyyy, h a') AS c,
  TO_TIMESTAMP(s, 'dd/MM/yyyy H''h''') AS t, TO_DATE('2026-11-20') AS e, CAST(ts AS DATE) AS f, CAST(ts AS TIME) AS g FROM t;
--out
--  +I	2026-11-20 09:08:07	261120T09.065	Fri 20 Nov 2026, 9 AM	2026-11-20 09:00:00.000	2026-11-20	2026-11-20	09:08:07
--  +I	2026-01-02 23:00:00	260102T23.000	Fri 2 Jan 2026, 11 PM	<NULL>	2026-11-20	2026-01-02	23:00:00
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	2026-11-20	<NULL>	<NULL>
