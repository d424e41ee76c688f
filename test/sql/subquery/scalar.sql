-- A query in the place of a value.
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

SELECT id, amount FROM orders WHERE amount > (SELECT AVG(credit) FROM customers);
--out folded
--  +I	2	20
--  +I	3	30
--  +I	4	40
--  +I	5	50

SELECT id, (SELECT MAX(credit) FROM customers) - amount AS rest FROM orders;
--out folded
--  +I	1	30
--  +I	2	20
--  +I	3	10
--  +I	4	0
--  +I	5	-10

SELECT id, (SELECT COUNT(*) FROM customers WHERE name = customer) AS n FROM orders;
--out folded
--  +I	1	2
--  +I	2	1
--  +I	3	2
--  +I	4	0
--  +I	5	0

SELECT id, (SELECT SUM(credit) FROM customers WHERE name = customer) AS s FROM orders;
--out folded
--  +I	1	55
--  +I	2	25
--  +I	3	55
--  +I	4	<NULL>
--  +I	5	<NULL>

SELECT id, (SELECT COUNT(*) + MAX(credit) FROM customers WHERE name = customer AND credit > 10) AS s FROM orders;
--out folded
--  +I	1	42
--  +I	2	26
--  +I	3	42
--  +I	4	<NULL>
--  +I	5	<NULL>

SELECT id FROM orders WHERE amount = (SELECT MIN(credit) - 5 FROM customers WHERE name = customer);
--out folded
--  +I	1
--  +I	2

SELECT id, (SELECT city FROM customers WHERE name = customer AND city <> 'Kiel') AS city FROM orders;
--out folded
--  +I	1	Ulm
--  +I	2	Bonn
--  +I	3	Ulm
--  +I	4	<NULL>
--  +I	5	<NULL>

SELECT customer, SUM(amount) AS s FROM orders GROUP BY customer HAVING SUM(amount) > (SELECT MAX(credit) FROM customers);
--out folded
--  +I	<NULL>	50

SELECT (SELECT MAX(amount) FROM orders) AS a, (SELECT MIN(credit) FROM customers) AS c;
--out folded
--  +I	50	0
