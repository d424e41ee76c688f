-- JSON: paths, what stands for nothing and for errors, and making it.
-- Unconfirmed: not yet run on Flink; the functions were held against its classes (sql/function/testdata).
CREATE TABLE t (j STRING, n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"j": "{\"a\": {\"b\": 1.50}, \"l\": [1, {\"x\": 2}, null], \"s\": \"x\"}", "n": 1}
--  {"j": "[1, 2]", "n": 2}
--  {"j": "no json"}
--  {}

SELECT JSON_VALUE(j, '$.a.b') AS v, JSON_VALUE(j, 'lax $.z' DEFAULT 'empty' ON EMPTY DEFAULT 'error' ON ERROR) AS d,
  JSON_VALUE(j, 'strict $.z' DEFAULT 'error' ON ERROR) AS e, JSON_VALUE(j, 'lax $.l[0]' RETURNING INT) AS i FROM t;
--out
--  +I	1.50	empty	error	1
--  +I	<NULL>	empty	error	<NULL>
--  +I	<NULL>	empty	error	<NULL>
--  +I	<NULL>	<NULL>	<NULL>	<NULL>

SELECT JSON_QUERY(j, 'lax $.l') AS q, JSON_QUERY(j, 'lax $[*]' WITH CONDITIONAL ARRAY WRAPPER) AS w, JSON_QUERY(j, '$.a.b' WITH ARRAY WRAPPER) AS u,
  JSON_EXISTS(j, 'lax $.l[1].x') AS x, JSON_EXISTS(j, '$.z' TRUE ON ERROR) AS xe FROM t;
--out
--  +I	[1,{"x":2},null]	[{"b":1.50},[1,{"x":2},null],"x"]	[1.50]	TRUE	TRUE
--  +I	<NULL>	[1,2]	<NULL>	FALSE	TRUE
--  +I	<NULL>	<NULL>	<NULL>	FALSE	TRUE
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>

SELECT j IS JSON AS a, j IS JSON ARRAY AS b, j IS NOT JSON OBJECT AS c, j IS NOT JSON AS d FROM t;
--out
--  +I	TRUE	FALSE	FALSE	FALSE
--  +I	TRUE	TRUE	TRUE	FALSE
--  +I	FALSE	FALSE	TRUE	TRUE
--  +I	FALSE	FALSE	TRUE	TRUE

SELECT JSON_OBJECT('n' VALUE n, 'j' VALUE j, 'd' VALUE JSON_ARRAY(n, JSON('{"b": 1, "a": 2}')) ABSENT ON NULL) AS o, JSON_ARRAY(n, j NULL ON NULL) AS a,
  JSON_STRING(n) AS s, JSON_QUOTE('a/≠') AS q, JSON_UNQUOTE('"\u0041"') AS u FROM t;
--out
--  +I	{"d":[1,{"a":2,"b":1}],"j":"{\\"a\\": {\\"b\\": 1.50}, \\"l\\": [1, {\\"x\\": 2}, null], \\"s\\": \\"x\\"}","n":1}	[1,"{\\"a\\": {\\"b\\": 1.50}, \\"l\\": [1, {\\"x\\": 2}, null], \\"s\\": \\"x\\"}"]	1	"a\\/\\u2260"	A
--  +I	{"d":[2,{"a":2,"b":1}],"j":"[1, 2]","n":2}	[2,"[1, 2]"]	2	"a\\/\\u2260"	A
--  +I	{"d":[{"a":2,"b":1}],"j":"no json"}	[null,"no json"]	<NULL>	"a\\/\\u2260"	A
--  +I	{"d":[{"a":2,"b":1}]}	[null,null]	<NULL>	"a\\/\\u2260"	A
