-- Keys of maps that are NULL: refused, left out, or replaced by a text.
CREATE TABLE t (k STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"k": "a"}
--  {}

CREATE TABLE d (m MAP<STRING, INT>) WITH ('connector' = 'filesystem', 'path' = '${dir}/d', 'format' = 'json', 'json.map-null-key.mode' = 'DROP');
CREATE TABLE l (m MAP<STRING, INT>) WITH ('connector' = 'filesystem', 'path' = '${dir}/l', 'format' = 'json', 'json.map-null-key.mode' = 'LITERAL', 'json.map-null-key.literal' = 'none');
CREATE TABLE f (m MAP<STRING, INT>) WITH ('connector' = 'filesystem', 'path' = '${dir}/f', 'format' = 'json');
CREATE TABLE ld (line STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/d', 'format' = 'raw');
CREATE TABLE ll (line STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/l', 'format' = 'raw');

INSERT INTO d SELECT MAP[k, 1] FROM t;
INSERT INTO l SELECT MAP[k, 1] FROM t;

SELECT * FROM ld;
--out sorted
--  +I	{"m":{"a":1}}
--  +I	{"m":{}}

SELECT * FROM ll;
--out sorted
--  +I	{"m":{"a":1}}
--  +I	{"m":{"none":1}}

INSERT INTO f SELECT MAP[k, 1] FROM t;
--error map-null-key.mode
