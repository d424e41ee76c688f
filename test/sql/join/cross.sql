-- Without a condition every row meets every other.
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

SELECT id, city FROM orders CROSS JOIN customers;
--out folded
--  +I	1	Bonn
--  +I	1	Jena
--  +I	1	Kiel
--  +I	1	Nowhere
--  +I	1	Ulm
--  +I	2	Bonn
--  +I	2	Jena
--  +I	2	Kiel
--  +I	2	Nowhere
--  +I	2	Ulm
--  +I	3	Bonn
--  +I	3	Jena
--  +I	3	Kiel
--  +I	3	Nowhere
--  +I	3	Ulm
--  +I	4	Bonn
--  +I	4	Jena
--  +I	4	Kiel
--  +I	4	Nowhere
--  +I	4	Ulm
--  +I	5	Bonn
--  +I	5	Jena
--  +I	5	Kiel
--  +I	5	Nowhere
--  +I	5	Ulm

SELECT o.id, c.name FROM orders AS o, customers AS c WHERE o.id < 3;
--out folded
--  +I	1	<NULL>
--  +I	1	ann
--  +I	1	ann
--  +I	1	bob
--  +I	1	dan
--  +I	2	<NULL>
--  +I	2	ann
--  +I	2	ann
--  +I	2	bob
--  +I	2	dan

SELECT id FROM orders LEFT JOIN customers ON TRUE WHERE city = 'Ulm';
--out folded
--  +I	1
--  +I	2
--  +I	3
--  +I	4
--  +I	5
