-- print and blackhole.
--only straight
CREATE TABLE t (i INT, d DOUBLE, s STRING, ts TIMESTAMP(3), b BOOLEAN)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"i": 1, "d": 1.5, "s": "a b", "ts": "2026-11-20 10:00:00", "b": true}
--  {"ts": "2026-11-20 10:00:00.120"}

CREATE TABLE p (i INT, d DOUBLE, s STRING, ts TIMESTAMP(3), b BOOLEAN) WITH ('connector' = 'print');
CREATE TABLE named (i INT) WITH ('connector' = 'print', 'print-identifier' = 'n');
CREATE TABLE hole (i INT) WITH ('connector' = 'blackhole');

INSERT INTO p SELECT * FROM t;
--out
--  +I[1, 1.5, a b, 2026-11-20T10:00, true]
--  +I[null, null, null, 2026-11-20T10:00:00.120, null]

INSERT INTO named SELECT i FROM t WHERE i > 0;
--out
--  n> +I[1]

INSERT INTO hole SELECT i FROM t;
--out
