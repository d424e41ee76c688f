-- Equalities in WHERE are keys of a comma or cross join as those in ON are.
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

SELECT id, city FROM orders, customers WHERE customer = name;
--out folded
--  +I	1	Kiel
--  +I	1	Ulm
--  +I	2	Bonn
--  +I	3	Kiel
--  +I	3	Ulm

SELECT o.id, c.city, d.city FROM orders o, customers c, customers d WHERE o.customer = c.name AND c.name = d.name AND c.city < d.city;
--out folded
--  +I	1	Kiel	Ulm
--  +I	3	Kiel	Ulm

SELECT id, city FROM orders CROSS JOIN customers WHERE UPPER(customer) = UPPER(name) AND amount + 5 = credit;
--out folded
--  +I	1	Ulm
--  +I	2	Bonn
