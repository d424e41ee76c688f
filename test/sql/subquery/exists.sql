-- EXISTS asks for any row; what it takes from the query around it makes rows match.
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

SELECT id FROM orders WHERE EXISTS (SELECT * FROM customers WHERE name = customer);
--out folded
--  +I	1
--  +I	2
--  +I	3

SELECT id FROM orders o WHERE NOT EXISTS (SELECT 1 FROM customers c WHERE c.name = o.customer AND c.credit >= o.amount);
--out folded
--  +I	4
--  +I	5

SELECT name, city FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.amount > c.credit * 2);
--out folded
--  +I	<NULL>	Nowhere
--  +I	ann	Ulm
--  +I	dan	Jena

SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM customers WHERE city = 'Ulm');
--out folded
--  +I	1
--  +I	2
--  +I	3
--  +I	4
--  +I	5

SELECT id FROM orders WHERE NOT EXISTS (SELECT 1 FROM customers WHERE credit > 100);
--out folded
--  +I	1
--  +I	2
--  +I	3
--  +I	4
--  +I	5

SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM customers c JOIN orders p ON c.name = p.customer WHERE c.name = o.customer AND p.id > o.id);
--out folded
--  +I	1
