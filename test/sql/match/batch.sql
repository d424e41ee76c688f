-- In batch mode all rows are put in order first.
SET 'execution.runtime-mode' = 'batch';
CREATE TABLE t (id INT, k STRING, v INT, ts TIMESTAMP(3))
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.csv', 'format' = 'csv');
--file t.csv
--  6,a,15,2020-01-01 00:00:06
--  2,a,19,2020-01-01 00:00:02
--  3,b,18,2020-01-01 00:00:03
--  4,a,17,2020-01-01 00:00:04
--  5,b,22,2020-01-01 00:00:05
--  1,a,20,2020-01-01 00:00:01

SELECT k, a, b FROM t MATCH_RECOGNIZE (
    PARTITION BY k ORDER BY ts, id
    MEASURES A.id AS a, B.id AS b
    PATTERN (A B) DEFINE A AS A.v > 16);
--out sorted
--  +I	a	1	2
--  +I	a	2	4
--  +I	a	4	6
--  +I	b	3	5

SELECT k FROM t MATCH_RECOGNIZE (PARTITION BY k ORDER BY v MEASURES A.id AS a PATTERN (A B) DEFINE A AS A.v > 16);
--error You must specify time point for order by as the first one.
