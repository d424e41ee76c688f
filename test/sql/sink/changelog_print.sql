-- A changelog reaches print with its kinds.
--only straight
CREATE TABLE t (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a", "v": 1}
--  {"k": "b", "v": 5}
--  {"k": "a", "v": 3}

CREATE TABLE p (k STRING, s INT) WITH ('connector' = 'print');

INSERT INTO p SELECT k, SUM(v) FROM t GROUP BY k;
--out
--  +I[a, 1]
--  +I[b, 5]
--  -U[a, 1]
--  +U[a, 4]
