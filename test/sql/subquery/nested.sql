-- Queries within queries within queries.
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

SELECT id FROM orders WHERE customer IN (SELECT name FROM customers WHERE credit > (SELECT MIN(amount) FROM orders));
--out folded
--  +I	1
--  +I	2
--  +I	3

SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM customers c WHERE c.name = o.customer AND NOT EXISTS (SELECT 1 FROM orders p WHERE p.customer = c.name AND p.amount > c.credit));
--out folded
--  +I	1
--  +I	2
--  +I	3

WITH rich AS (SELECT name FROM customers WHERE credit > 20) SELECT id FROM (SELECT * FROM orders WHERE customer IN (SELECT name FROM rich)) WHERE amount NOT IN (SELECT amount FROM orders WHERE customer NOT IN (SELECT name FROM rich));
--out folded
--  +I	1
--  +I	2
--  +I	3
