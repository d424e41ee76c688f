-- Both the rows that are asked and those of the query change.
CREATE TABLE orders (id INT, customer STRING, amount INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/orders.json', 'format' = 'debezium-json');
CREATE TABLE customers (name STRING, city STRING, credit INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/customers.json', 'format' = 'debezium-json');
--file orders.json
--  {"before": null, "after": {"id": 1, "customer": "ann", "amount": 10}, "op": "c"}
--  {"before": null, "after": {"id": 2, "customer": "bob", "amount": 20}, "op": "c"}
--  {"before": null, "after": {"id": 3, "customer": "ann", "amount": 30}, "op": "c"}
--  {"before": {"id": 1, "customer": "ann", "amount": 10}, "after": {"id": 1, "customer": "bob", "amount": 11}, "op": "u"}
--  {"before": {"id": 3, "customer": "ann", "amount": 30}, "after": null, "op": "d"}
--  {"before": null, "after": {"id": 4, "customer": "eve", "amount": 40}, "op": "c"}
--  {"before": {"id": 4, "customer": "eve", "amount": 40}, "after": {"id": 4, "customer": null, "amount": 44}, "op": "u"}
--  {"before": null, "after": {"id": 5, "customer": "dan", "amount": 50}, "op": "c"}
--  {"before": null, "after": {"id": 6, "customer": "bob", "amount": 60}, "op": "c"}
--file customers.json
--  {"before": null, "after": {"name": "ann", "city": "Ulm", "credit": 15}, "op": "c"}
--  {"before": null, "after": {"name": "bob", "city": "Bonn", "credit": 25}, "op": "c"}
--  {"before": {"name": "ann", "city": "Ulm", "credit": 15}, "after": {"name": "ann", "city": "Kiel", "credit": 16}, "op": "u"}
--  {"before": null, "after": {"name": "dan", "city": "Jena", "credit": 5}, "op": "c"}
--  {"before": {"name": "dan", "city": "Jena", "credit": 5}, "after": null, "op": "d"}
--  {"before": {"name": "bob", "city": "Bonn", "credit": 25}, "after": {"name": "bob", "city": "Berlin", "credit": 70}, "op": "u"}
--  {"before": null, "after": {"name": "bob", "city": "Bern", "credit": 12}, "op": "c"}
--  {"before": null, "after": {"name": null, "city": "Nowhere", "credit": 1}, "op": "c"}

SELECT id, customer FROM orders WHERE customer IN (SELECT name FROM customers);
--out folded
--  +I	1	bob
--  +I	2	bob
--  +I	6	bob

SELECT id, customer FROM orders WHERE NOT EXISTS (SELECT 1 FROM customers WHERE name = customer);
--out folded
--  +I	4	<NULL>
--  +I	5	dan

SELECT id, customer FROM orders WHERE amount NOT IN (SELECT credit FROM customers);
--out folded
--  +I	1	bob
--  +I	2	bob
--  +I	4	<NULL>
--  +I	5	dan
--  +I	6	bob

SELECT id, customer IN (SELECT name FROM customers) AS known FROM orders;
--out folded
--  +I	1	TRUE
--  +I	2	TRUE
--  +I	4	<NULL>
--  +I	5	<NULL>
--  +I	6	TRUE

SELECT id, (SELECT MAX(credit) FROM customers WHERE name = customer) AS most FROM orders;
--out folded
--  +I	1	70
--  +I	2	70
--  +I	4	<NULL>
--  +I	5	<NULL>
--  +I	6	70

SELECT id, (SELECT COUNT(*) FROM customers WHERE credit > 13) AS n FROM orders;
--out folded
--  +I	1	2
--  +I	2	2
--  +I	4	2
--  +I	5	2
--  +I	6	2

SELECT id, amount FROM orders WHERE amount > (SELECT MIN(credit) FROM customers);
--out folded
--  +I	1	11
--  +I	2	20
--  +I	4	44
--  +I	5	50
--  +I	6	60

SELECT id FROM orders WHERE amount > ALL (SELECT credit FROM customers WHERE name = customer);
--out folded
--  +I	4
--  +I	5
