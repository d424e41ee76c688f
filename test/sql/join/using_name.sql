-- A column of USING can be asked for without a table.
-- Flink differs: it calls the column ambiguous.
CREATE TABLE orders (id INT, customer STRING, amount INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/orders.jsonl', 'format' = 'json');
CREATE TABLE customers (name STRING, city STRING, credit INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/customers.jsonl', 'format' = 'json');
CREATE VIEW people AS SELECT city, name AS customer FROM customers;
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

SELECT customer, id, city FROM orders NATURAL RIGHT JOIN people;
--out folded
--  +I	<NULL>	<NULL>	Nowhere
--  +I	ann	1	Kiel
--  +I	ann	1	Ulm
--  +I	ann	3	Kiel
--  +I	ann	3	Ulm
--  +I	bob	2	Bonn
--  +I	dan	<NULL>	Jena

SELECT customer, COUNT(*) AS n FROM orders FULL JOIN people USING (customer) GROUP BY customer;
--out folded
--  +I	<NULL>	2
--  +I	ann	4
--  +I	bob	1
--  +I	dan	1
--  +I	eve	1
