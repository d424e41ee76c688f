-- Joins of joins: each takes the answer of the one before.
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

SELECT o.id, c.city, p.id AS other FROM orders o JOIN customers c ON o.customer = c.name JOIN orders p ON p.customer = c.name AND p.id <> o.id;
--out folded
--  +I	1	Kiel	3
--  +I	1	Ulm	3
--  +I	3	Kiel	1
--  +I	3	Ulm	1

SELECT o.id, c.city, p.id AS other FROM orders o LEFT JOIN customers c ON o.customer = c.name LEFT JOIN orders p ON p.customer = c.city;
--out folded
--  +I	1	Kiel	<NULL>
--  +I	1	Ulm	<NULL>
--  +I	2	Bonn	<NULL>
--  +I	3	Kiel	<NULL>
--  +I	3	Ulm	<NULL>
--  +I	4	<NULL>	<NULL>
--  +I	5	<NULL>	<NULL>

SELECT o.id, x.city FROM orders o LEFT JOIN (customers x JOIN orders y ON x.name = y.customer AND y.amount > 20) ON o.customer = x.name;
--out folded
--  +I	1	Kiel
--  +I	1	Ulm
--  +I	2	<NULL>
--  +I	3	Kiel
--  +I	3	Ulm
--  +I	4	<NULL>
--  +I	5	<NULL>
