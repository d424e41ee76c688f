-- What a query takes from the one around it need not be compared by =, nor in WHERE alone.
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


SELECT id, (SELECT MAX(credit) FROM customers WHERE credit < amount) AS most FROM orders;
--out folded
--  +I	1	5
--  +I	2	15
--  +I	3	25
--  +I	4	25
--  +I	5	40

SELECT id, (SELECT COUNT(*) FROM customers WHERE credit > amount OR name = customer) AS n FROM orders;
--out folded
--  +I	1	3
--  +I	2	2
--  +I	3	2
--  +I	4	0
--  +I	5	0

SELECT id FROM orders o WHERE amount > (SELECT AVG(p.amount) FROM orders p WHERE p.id <> o.id);
--out folded
--  +I	4
--  +I	5

SELECT id FROM orders WHERE amount IN (SELECT credit - id * 5 FROM customers);
--out folded
--  +I	1

SELECT id FROM orders WHERE EXISTS (SELECT id FROM customers WHERE name = customer);
--out folded
--  +I	1
--  +I	2
--  +I	3

SELECT id FROM orders o WHERE EXISTS (SELECT c.name FROM customers c WHERE c.name = o.customer GROUP BY c.name HAVING COUNT(*) > 1);
--out folded
--  +I	1
--  +I	3

SELECT id FROM orders o WHERE customer IN (SELECT c.name FROM customers c LEFT JOIN orders p ON c.name = p.customer AND p.amount > 20 WHERE c.credit > o.amount);
--out folded
--  +I	1
--  +I	2
--  +I	3
