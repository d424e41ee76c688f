-- USING and NATURAL compare columns of the same name, which come first and once.
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

SELECT * FROM orders JOIN people USING (customer);
--out folded
--  +I	ann	1	10	Kiel
--  +I	ann	1	10	Ulm
--  +I	ann	3	30	Kiel
--  +I	ann	3	30	Ulm
--  +I	bob	2	20	Bonn

SELECT * FROM orders LEFT JOIN people USING (customer);
--out folded
--  +I	<NULL>	5	50	<NULL>
--  +I	ann	1	10	Kiel
--  +I	ann	1	10	Ulm
--  +I	ann	3	30	Kiel
--  +I	ann	3	30	Ulm
--  +I	bob	2	20	Bonn
--  +I	eve	4	40	<NULL>

SELECT * FROM orders FULL JOIN people USING (customer);
--out folded
--  +I	<NULL>	5	50	<NULL>
--  +I	<NULL>	<NULL>	<NULL>	Nowhere
--  +I	ann	1	10	Kiel
--  +I	ann	1	10	Ulm
--  +I	ann	3	30	Kiel
--  +I	ann	3	30	Ulm
--  +I	bob	2	20	Bonn
--  +I	dan	<NULL>	<NULL>	Jena
--  +I	eve	4	40	<NULL>

SELECT orders.customer, people.customer, city FROM orders NATURAL RIGHT JOIN people;
--out folded
--  +I	<NULL>	<NULL>	Nowhere
--  +I	<NULL>	dan	Jena
--  +I	ann	ann	Kiel
--  +I	ann	ann	Kiel
--  +I	ann	ann	Ulm
--  +I	ann	ann	Ulm
--  +I	bob	bob	Bonn

SELECT people.* FROM orders NATURAL JOIN people;
--out folded
--  +I	Bonn	bob
--  +I	Kiel	ann
--  +I	Kiel	ann
--  +I	Ulm	ann
--  +I	Ulm	ann
