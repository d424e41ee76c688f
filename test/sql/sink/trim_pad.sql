-- Text of another length than the sink declares is cut or filled up.
--only straight
SET 'table.exec.sink.type-length-enforcer' = 'TRIM_PAD';

CREATE TABLE e (c CHAR(2), v VARCHAR(2)) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"c": "a", "v": "é"}
--  {"c": "abc", "v": "éèà"}
--  {"c": "ab", "v": null}

CREATE TABLE p (c CHAR(2), v VARCHAR(2)) WITH ('connector' = 'print');

INSERT INTO p SELECT * FROM e;
--out sorted
--  +I[a , é]
--  +I[ab, éè]
--  +I[ab, null]
