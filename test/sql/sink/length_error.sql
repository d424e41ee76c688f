-- Text of another length than the sink declares fails the job, if that is set.
--only straight
SET 'table.exec.sink.type-length-enforcer' = 'ERROR';

CREATE TABLE e (c CHAR(2), v VARCHAR(2)) WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"c": "ab", "v": "é"}
--  {"c": "a", "v": "é"}

CREATE TABLE p (c CHAR(2), v VARCHAR(2)) WITH ('connector' = 'print');

INSERT INTO p SELECT * FROM e;
--error column "c" of the sink has the length 2, but a row has 1 characters there
