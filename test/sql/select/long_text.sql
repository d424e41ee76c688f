-- Text with line ends, tabs, quotes, nothing and other scripts.
CREATE TABLE t (s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"s": "a\tb\nc\\d"}
--  {"s": "\u4e16\u754c \ud83d\ude00"}
--  {"s": ""}
--  {"s": "\"quoted\""}

SELECT s, CHAR_LENGTH(s) AS n FROM t;
--out
--  +I	a\tb\nc\\d	7
--  +I	世界 😀	4
--  +I		0
--  +I	"quoted"	8
