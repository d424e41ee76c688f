-- IS NOT DISTINCT FROM lets NULL match NULL, however it is written.
CREATE TABLE orders (id INT, customer STRING, amount INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/orders.jsonl', 'format' = 'json');
CREATE TABLE customers (name STRING, city STRING, credit INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/customers.jsonl', 'format' = 'json');
--file orders.jsonl
--  {"id": 1, "customer": "ann", "amount": 10}
--  {"id": 2, "customer": "bob", "amount": 20}
--  {"id": 3, "customer": "ann", "amount": 30}
--  {"id": 4, "customer": "eve", "amount": 40}
--  {"id": 5, "customer": null, "amount": 50}
--file customers.jsonl
--  {"name": "ann", "city": "Ulm", "credit": 15}
--  {"name": "bob", "city": "Bonn", "credit": 25}
--  {"name": "ann", "city": "Kiel", "credit": 40}
--  {"name": "dan", "city": "Jena", "credit": 5}
--  {"name": null, "city": "Nowhere", "credit": 0}

SELECT id, city FROM orders JOIN customers ON customer IS NOT DISTINCT FROM name;
--out folded
--  +I	1	Kiel
--  +I	1	Ulm
--  +I	2	Bonn
--  +I	3	Kiel
--  +I	3	Ulm
--  +I	5	Nowhere

SELECT id, city FROM orders LEFT JOIN customers ON customer = name OR (customer IS NULL AND name IS NULL);
--out folded
--  +I	1	Kiel
--  +I	1	Ulm
--  +I	2	Bonn
--  +I	3	Kiel
--  +I	3	Ulm
--  +I	4	<NULL>
--  +I	5	Nowhere
