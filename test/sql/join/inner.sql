-- An inner join gives each pair of rows that match. NULL equals nothing.
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

SELECT id, customer, amount, city FROM orders JOIN customers ON customer = name;
--out folded
--  +I	1	ann	10	Kiel
--  +I	1	ann	10	Ulm
--  +I	2	bob	20	Bonn
--  +I	3	ann	30	Kiel
--  +I	3	ann	30	Ulm

SELECT id, customer, amount, city FROM orders INNER JOIN customers AS c ON orders.customer = c.name AND c.city = 'Ulm';
--out folded
--  +I	1	ann	10	Ulm
--  +I	3	ann	30	Ulm
