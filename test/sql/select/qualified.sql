-- Catalog and database may stand before the name of a table that has no alias.
CREATE TABLE e (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"k": "a", "v": 1}
--  {"k": "b", "v": 2}

SELECT default_catalog.default_database.e.* FROM e;
--out
--  +I	a	1
--  +I	b	2

SELECT default_database.e.v, default_catalog.default_database.e.k FROM e;
--out
--  +I	1	a
--  +I	2	b

SELECT e.* FROM default_catalog.default_database.e WHERE default_database.e.v > 1;
--out
--  +I	b	2
