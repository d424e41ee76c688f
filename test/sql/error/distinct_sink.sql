-- A table that only takes inserts does not take a changelog, as in Flink not even that of DISTINCT.
CREATE TABLE t (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
CREATE TABLE o (k STRING, v INT) WITH ('connector' = 'filesystem', 'path' = '${dir}/o', 'format' = 'json');

INSERT INTO o SELECT DISTINCT k, v FROM t;
--error update changes
