-- Keys of different types are compared in the type that both can have.
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

SELECT id, city FROM orders JOIN customers ON CAST(amount AS BIGINT) + 5 = credit;
--out folded
--  +I	1	Ulm
--  +I	2	Bonn

SELECT id, city FROM orders JOIN customers ON CAST(amount AS DECIMAL(10, 2)) = credit - 5;
--out folded
--  +I	1	Ulm
--  +I	2	Bonn

SELECT id, city FROM orders JOIN customers ON CAST(amount AS DOUBLE) = CAST(credit AS DECIMAL(8, 1)) - 5;
--out folded
--  +I	1	Ulm
--  +I	2	Bonn

SELECT id, city FROM orders JOIN customers ON CAST(customer AS CHAR(3)) = name;
--out folded
--  +I	1	Kiel
--  +I	1	Ulm
--  +I	2	Bonn
--  +I	3	Kiel
--  +I	3	Ulm
