-- Names are case-sensitive, keywords and functions are not.
CREATE TABLE t (Id STRING, id STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"Id": "A", "id": "a"}

SELECT Id, id, uPpEr(id) AS u FROM t;
--out
--  +I	A	a	A
