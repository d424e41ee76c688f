-- EXCEPT gives what is in the first and not in the second, once; with ALL as often more.
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

SELECT customer FROM orders EXCEPT SELECT name FROM customers;
--out folded
--  +I	eve

SELECT name FROM customers EXCEPT SELECT customer FROM orders;
--out folded
--  +I	dan

SELECT customer FROM orders EXCEPT ALL SELECT name FROM customers;
--out folded
--  +I	eve

SELECT customer FROM orders EXCEPT ALL SELECT name FROM customers WHERE city <> 'Kiel';
--out folded
--  +I	ann
--  +I	eve
