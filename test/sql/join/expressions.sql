-- Conditions may be any expressions, and columns of one name are told apart by their tables.
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

SELECT a.id, b.id FROM orders a JOIN orders b ON a.id = b.id + 1;
--out folded
--  +I	2	1
--  +I	3	2
--  +I	4	3
--  +I	5	4

SELECT a.id, b.id FROM orders a JOIN orders b ON CASE WHEN a.id > 2 THEN a.id ELSE 1 END = b.id AND a.customer LIKE '%n';
--out folded
--  +I	1	1
--  +I	3	3

SELECT a.id FROM orders a JOIN orders b ON a.id = b.id WHERE a.customer = 'ann' OR b.amount = 20;
--out folded
--  +I	1
--  +I	2
--  +I	3

SELECT id, city FROM orders JOIN customers ON customer = name AND customer = city;
--out folded

SELECT id, city FROM orders JOIN customers ON customer = name AND id = amount / 10;
--out folded
--  +I	1	Kiel
--  +I	1	Ulm
--  +I	2	Bonn
--  +I	3	Kiel
--  +I	3	Ulm

SELECT id, city FROM orders JOIN customers ON FALSE;
--out folded

SELECT id, city FROM orders LEFT JOIN customers ON customer = name AND 1 = 0;
--out folded
--  +I	1	<NULL>
--  +I	2	<NULL>
--  +I	3	<NULL>
--  +I	4	<NULL>
--  +I	5	<NULL>
