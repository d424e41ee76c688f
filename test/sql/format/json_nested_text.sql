-- A nested value in a STRING column keeps its text, numbers in it as well.
CREATE TABLE t (s STRING, id INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"id": 1, "s": {"a" : 1.50, "b":[ true,null ], "c": "x\u00e9"}}
--  {"s": [], "id": 2}
--  {"s": 1e3, "id": 3}
--  {"s": null, "id": 4}
--  {"s": "\ud83d\ude00\/", "id": 5}

SELECT id, s FROM t;
--out
--  +I	1	{"a":1.5,"b":[true,null],"c":"xé"}
--  +I	2	[]
--  +I	3	1e3
--  +I	4	<NULL>
--  +I	5	😀/
