-- Changes of an aggregation go through joins: the rows that are left are those of its last answer.
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

SELECT o.id, o.amount, s.total FROM orders o JOIN (SELECT customer, SUM(amount) AS total FROM orders GROUP BY customer) s ON o.customer = s.customer;
--out folded
--  +I	1	10	40
--  +I	2	20	20
--  +I	3	30	40
--  +I	4	40	40

SELECT name, city, total FROM customers LEFT JOIN (SELECT customer, SUM(amount) AS total FROM orders GROUP BY customer) s ON name = customer;
--out folded
--  +I	<NULL>	Nowhere	<NULL>
--  +I	ann	Kiel	40
--  +I	ann	Ulm	40
--  +I	bob	Bonn	20
--  +I	dan	Jena	<NULL>

SELECT x.customer, x.n, y.c FROM (SELECT customer, COUNT(*) AS n FROM orders GROUP BY customer) x FULL JOIN (SELECT name, MAX(credit) AS c FROM customers GROUP BY name) y ON x.customer = y.name;
--out folded
--  +I	<NULL>	1	<NULL>
--  +I	<NULL>	<NULL>	0
--  +I	<NULL>	<NULL>	5
--  +I	ann	2	40
--  +I	bob	1	25
--  +I	eve	1	<NULL>
