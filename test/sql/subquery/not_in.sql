-- NOT IN with a query is unknown where a NULL stands on either side, unless the query is empty.
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

SELECT id FROM orders WHERE customer NOT IN (SELECT name FROM customers);
--out folded

SELECT id FROM orders WHERE customer NOT IN (SELECT name FROM customers WHERE name IS NOT NULL);
--out folded
--  +I	4

SELECT id FROM orders WHERE customer NOT IN (SELECT name FROM customers WHERE credit > 100);
--out folded
--  +I	1
--  +I	2
--  +I	3
--  +I	4
--  +I	5

SELECT id FROM orders WHERE NOT (amount IN (SELECT credit FROM customers));
--out folded
--  +I	1
--  +I	2
--  +I	3
--  +I	5

SELECT id FROM orders o WHERE amount NOT IN (SELECT credit - 5 FROM customers WHERE name = customer);
--out folded
--  +I	3
--  +I	4
--  +I	5

SELECT id FROM orders WHERE (customer, amount) NOT IN (SELECT name, credit - 5 FROM customers);
--out folded
--  +I	3
--  +I	4
--  +I	5
