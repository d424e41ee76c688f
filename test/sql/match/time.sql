-- The time of a match: without an argument a TIMESTAMP, which of an instant is that of UTC.
SET 'table.local-time-zone' = 'Asia/Shanghai';
CREATE TABLE t (id INT, ts STRING, lt AS CAST(CAST(ts AS TIMESTAMP(3)) AS TIMESTAMP_LTZ(3)), WATERMARK FOR lt AS lt)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.csv', 'format' = 'csv');
--file t.csv
--  1,2020-01-01 08:00:01
--  2,2020-01-01 08:00:02
--  3,2020-01-01 08:00:03

SELECT a, TYPEOF(t) AS t1, t, TYPEOF(u) AS t2, u
FROM t AS x MATCH_RECOGNIZE (
    ORDER BY lt
    MEASURES FINAL A.id AS a, MATCH_ROWTIME() AS t, MATCH_ROWTIME(lt) AS u
    AFTER MATCH SKIP TO B
    PATTERN (A (B)) DEFINE A AS A.id < 3) AS m;
--out
--  +I	1	TIMESTAMP(3) NOT NULL	2020-01-01 00:00:02.000	TIMESTAMP_LTZ(3)	2020-01-01 08:00:02.000
--  +I	2	TIMESTAMP(3) NOT NULL	2020-01-01 00:00:03.000	TIMESTAMP_LTZ(3)	2020-01-01 08:00:03.000
