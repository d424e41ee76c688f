-- Fewer columns than the table has.
CREATE TABLE t (n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
CREATE TABLE o (a INT, b INT) WITH ('connector' = 'blackhole');

INSERT INTO o SELECT n FROM t;
--error line 6
