-- INTERSECT binds more tightly than UNION and EXCEPT, which go from left to right.
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

SELECT customer FROM orders UNION SELECT name FROM customers INTERSECT SELECT name FROM customers WHERE credit > 20;
--out folded
--  +I	<NULL>
--  +I	ann
--  +I	bob
--  +I	eve

SELECT customer FROM orders EXCEPT SELECT name FROM customers UNION ALL SELECT city FROM customers;
--out folded
--  +I	Bonn
--  +I	Jena
--  +I	Kiel
--  +I	Nowhere
--  +I	Ulm
--  +I	eve

SELECT customer FROM orders EXCEPT (SELECT name FROM customers UNION ALL SELECT city FROM customers);
--out folded
--  +I	eve

SELECT x FROM (SELECT amount AS x FROM orders INTERSECT SELECT credit * 2 FROM customers) WHERE x > 10;
--out folded
--  +I	30
--  +I	50
