-- With an alias a table has no other name.
CREATE TABLE e (k STRING, v INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/e.jsonl', 'format' = 'json');
--file e.jsonl
--  {"k": "a", "v": 1}

SELECT default_catalog.default_database.e.v FROM e AS f;
--error not found
