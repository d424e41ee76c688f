-- INTERSECT gives what is in both, once; with ALL as often as in the one that has less of it. NULL is the same
-- as NULL.
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

SELECT customer FROM orders INTERSECT SELECT name FROM customers;
--out folded
--  +I	<NULL>
--  +I	ann
--  +I	bob

SELECT customer FROM orders INTERSECT ALL SELECT name FROM customers;
--out folded
--  +I	<NULL>
--  +I	ann
--  +I	ann
--  +I	bob

SELECT customer, amount FROM orders INTERSECT SELECT name, credit - 5 FROM customers;
--out folded
--  +I	ann	10
--  +I	bob	20
