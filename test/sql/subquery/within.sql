-- A test by a query that decides less than whether a row comes: within OR, NOT, CASE and SELECT.
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

SELECT id FROM orders WHERE amount > 45 OR customer IN (SELECT name FROM customers);
--out folded
--  +I	1
--  +I	2
--  +I	3
--  +I	5

SELECT id, customer IN (SELECT name FROM customers) AS known FROM orders;
--out folded
--  +I	1	TRUE
--  +I	2	TRUE
--  +I	3	TRUE
--  +I	4	<NULL>
--  +I	5	<NULL>

SELECT id, customer NOT IN (SELECT name FROM customers WHERE name IS NOT NULL) AS other FROM orders;
--out folded
--  +I	1	FALSE
--  +I	2	FALSE
--  +I	3	FALSE
--  +I	4	TRUE
--  +I	5	<NULL>

SELECT id, EXISTS (SELECT 1 FROM customers WHERE name = customer) AS known FROM orders;
--out folded
--  +I	1	TRUE
--  +I	2	TRUE
--  +I	3	TRUE
--  +I	4	FALSE
--  +I	5	FALSE

SELECT id, CASE WHEN amount IN (SELECT credit FROM customers) THEN 'a' WHEN amount IN (SELECT credit - 5 FROM customers) THEN 'b' ELSE 'c' END AS what FROM orders;
--out folded
--  +I	1	b
--  +I	2	b
--  +I	3	c
--  +I	4	a
--  +I	5	c

SELECT id FROM orders WHERE NOT (EXISTS (SELECT 1 FROM customers WHERE name = customer) AND amount < 25);
--out folded
--  +I	3
--  +I	4
--  +I	5

SELECT id FROM orders WHERE customer IN (SELECT name FROM customers) IS UNKNOWN;
--out folded
--  +I	4
--  +I	5
