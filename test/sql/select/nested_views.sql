-- A view over a CTE over a union, filtered above.
CREATE TABLE t (id STRING, n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"id": "a", "n": 0}
--  {"id": "b", "n": 1}
--  {"id": "c", "n": 2}
--  {"id": "d", "n": 3}
--  {"id": "e", "n": 4}
--  {"id": "f", "n": 5}

CREATE VIEW v AS WITH low AS (SELECT * FROM t WHERE n < 2), high AS (SELECT * FROM t WHERE n > 3)
SELECT 'low' AS kind, id, n FROM low UNION ALL SELECT 'high', id, n FROM high;

SELECT kind, UPPER(id) AS id FROM v WHERE MOD(n, 2) = 1;
--out sorted
--  +I	low	B
--  +I	high	F
