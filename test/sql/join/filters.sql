-- Conditions on one side see its rows before the join; one that NULL cannot meet makes an outer join an inner
-- one.
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

SELECT id, city FROM orders LEFT JOIN customers ON customer = name WHERE amount > 15;
--out folded
--  +I	2	Bonn
--  +I	3	Kiel
--  +I	3	Ulm
--  +I	4	<NULL>
--  +I	5	<NULL>

SELECT id, city FROM orders LEFT JOIN customers ON customer = name WHERE city > 'C';
--out folded
--  +I	1	Kiel
--  +I	1	Ulm
--  +I	3	Kiel
--  +I	3	Ulm

SELECT id, city FROM orders LEFT JOIN customers ON customer = name WHERE city IS NULL;
--out folded
--  +I	4	<NULL>
--  +I	5	<NULL>

SELECT id, city FROM orders FULL JOIN customers ON customer = name WHERE amount > 15;
--out folded
--  +I	2	Bonn
--  +I	3	Kiel
--  +I	3	Ulm
--  +I	4	<NULL>
--  +I	5	<NULL>

SELECT id, city FROM orders FULL JOIN customers ON customer = name WHERE COALESCE(city, 'none') <> 'Ulm';
--out folded
--  +I	1	Kiel
--  +I	2	Bonn
--  +I	3	Kiel
--  +I	4	<NULL>
--  +I	5	<NULL>
--  +I	<NULL>	Jena
--  +I	<NULL>	Nowhere
