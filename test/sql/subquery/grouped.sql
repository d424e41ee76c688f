-- Queries within grouped queries, in ON and in aggregates.
-- Flink differs: its planner fails on it
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

SELECT customer, SUM(amount) AS s, (SELECT MAX(credit) FROM customers WHERE name = customer) AS most FROM orders GROUP BY customer;
--out folded
--  +I	<NULL>	50	<NULL>
--  +I	ann	40	40
--  +I	bob	20	25
--  +I	eve	40	<NULL>

SELECT customer FROM orders GROUP BY customer HAVING EXISTS (SELECT 1 FROM customers WHERE name = customer AND credit < 20);
--out folded
--  +I	ann

SELECT customer, COUNT(*) AS n FROM orders GROUP BY customer HAVING customer NOT IN (SELECT name FROM customers WHERE name IS NOT NULL);
--out folded
--  +I	eve	1

SELECT SUM(amount - (SELECT MIN(credit) FROM customers WHERE name = customer)) AS s FROM orders;
--out folded
--  +I	5

SELECT COUNT(*) FILTER (WHERE customer IN (SELECT name FROM customers)) AS n FROM orders;
--out folded
--  +I	3

SELECT id, city FROM orders JOIN customers ON customer = name AND amount < (SELECT MAX(credit) FROM customers) AND city IN (SELECT MAX(city) FROM customers GROUP BY name);
--out folded
--  +I	1	Ulm
--  +I	2	Bonn
--  +I	3	Ulm

SELECT DISTINCT customer IN (SELECT name FROM customers WHERE name IS NOT NULL) AS known FROM orders;
--out folded
--  +I	<NULL>
--  +I	FALSE
--  +I	TRUE

SELECT o.customer, x.n FROM orders o JOIN (SELECT name, COUNT(*) AS n FROM customers c WHERE EXISTS (SELECT 1 FROM orders WHERE customer = c.name) GROUP BY name) x ON x.name = o.customer;
--out folded
--  +I	ann	2
--  +I	ann	2
--  +I	bob	1
