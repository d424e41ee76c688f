-- In batch mode an outer join gives its rows once, at the end.
SET 'execution.runtime-mode' = 'batch';
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

SELECT id, customer, amount, city FROM orders LEFT JOIN customers ON customer = name;
--out folded
--  +I	1	ann	10	Kiel
--  +I	1	ann	10	Ulm
--  +I	2	bob	20	Bonn
--  +I	3	ann	30	Kiel
--  +I	3	ann	30	Ulm
--  +I	4	eve	40	<NULL>
--  +I	5	<NULL>	50	<NULL>

SELECT id, name, city FROM orders RIGHT JOIN customers ON customer = name AND amount < credit;
--out folded
--  +I	1	ann	Kiel
--  +I	1	ann	Ulm
--  +I	2	bob	Bonn
--  +I	3	ann	Kiel
--  +I	<NULL>	<NULL>	Nowhere
--  +I	<NULL>	dan	Jena

SELECT id, customer, name, city FROM orders FULL JOIN customers ON customer = name;
--out folded
--  +I	1	ann	ann	Kiel
--  +I	1	ann	ann	Ulm
--  +I	2	bob	bob	Bonn
--  +I	3	ann	ann	Kiel
--  +I	3	ann	ann	Ulm
--  +I	4	eve	<NULL>	<NULL>
--  +I	5	<NULL>	<NULL>	<NULL>
--  +I	<NULL>	<NULL>	<NULL>	Nowhere
--  +I	<NULL>	<NULL>	dan	Jena

SELECT id FROM orders WHERE customer IN (SELECT name FROM customers);
--out folded
--  +I	1
--  +I	2
--  +I	3

SELECT id FROM orders WHERE NOT EXISTS (SELECT 1 FROM customers WHERE name = customer);
--out folded
--  +I	4
--  +I	5

SELECT id, customer IN (SELECT name FROM customers) AS known FROM orders;
--out folded
--  +I	1	TRUE
--  +I	2	TRUE
--  +I	3	TRUE
--  +I	4	<NULL>
--  +I	5	<NULL>

SELECT customer FROM orders INTERSECT SELECT name FROM customers;
--out folded
--  +I	<NULL>
--  +I	ann
--  +I	bob

SELECT customer FROM orders EXCEPT ALL SELECT name FROM customers;
--out folded
--  +I	eve

SELECT id, (SELECT MAX(credit) FROM customers WHERE name = customer) AS most FROM orders;
--out folded
--  +I	1	40
--  +I	2	25
--  +I	3	40
--  +I	4	<NULL>
--  +I	5	<NULL>
