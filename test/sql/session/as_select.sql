-- CREATE TABLE AS fills the table that it makes; REPLACE TABLE AS makes it anew.
--only straight
--file s.jsonl
--  {"k": "a", "n": 1}
CREATE TABLE s (k STRING, n INT) WITH ('connector' = 'filesystem', 'path' = '${dir}/s.jsonl', 'format' = 'json');

CREATE TABLE first_one WITH ('connector' = 'print') AS SELECT k, n + 1 AS m FROM s;
--out
--  +I[a, 2]

DESCRIBE first_one;
--out
--  +I	k	STRING	TRUE	<NULL>	<NULL>	<NULL>
--  +I	m	INT	TRUE	<NULL>	<NULL>	<NULL>

CREATE TABLE two (m BIGINT, more STRING, up AS UPPER(k)) WITH ('connector' = 'print') AS SELECT k, n + 1 AS m FROM s;
--out
--  +I[null, a, 2]

DESCRIBE two;
--out
--  +I	more	STRING	TRUE	<NULL>	<NULL>	<NULL>
--  +I	up	STRING	TRUE	<NULL>	AS UPPER(`k`)	<NULL>
--  +I	k	STRING	TRUE	<NULL>	<NULL>	<NULL>
--  +I	m	BIGINT	TRUE	<NULL>	<NULL>	<NULL>
