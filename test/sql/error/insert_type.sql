-- A column that cannot become that of the table.
CREATE TABLE t (n BOOLEAN)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
CREATE TABLE o (a TIMESTAMP(3)) WITH ('connector' = 'blackhole');

INSERT INTO o SELECT n FROM t;
--error line 6
