-- Both sides change: rows are withdrawn and replaced.
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

SELECT id, customer, amount, city FROM orders JOIN customers ON customer = name;
--out folded
--  +I	1	bob	11	Berlin
--  +I	1	bob	11	Bern
--  +I	2	bob	20	Berlin
--  +I	2	bob	20	Bern
--  +I	6	bob	60	Berlin
--  +I	6	bob	60	Bern

SELECT id, customer, amount, city FROM orders LEFT JOIN customers ON customer = name;
--out folded
--  +I	1	bob	11	Berlin
--  +I	1	bob	11	Bern
--  +I	2	bob	20	Berlin
--  +I	2	bob	20	Bern
--  +I	4	<NULL>	44	<NULL>
--  +I	5	dan	50	<NULL>
--  +I	6	bob	60	Berlin
--  +I	6	bob	60	Bern

SELECT id, name, city FROM orders RIGHT JOIN customers ON customer = name;
--out folded
--  +I	1	bob	Berlin
--  +I	1	bob	Bern
--  +I	2	bob	Berlin
--  +I	2	bob	Bern
--  +I	6	bob	Berlin
--  +I	6	bob	Bern
--  +I	<NULL>	<NULL>	Nowhere
--  +I	<NULL>	ann	Kiel

SELECT id, customer, name, city FROM orders FULL JOIN customers ON customer = name;
--out folded
--  +I	1	bob	bob	Berlin
--  +I	1	bob	bob	Bern
--  +I	2	bob	bob	Berlin
--  +I	2	bob	bob	Bern
--  +I	4	<NULL>	<NULL>	<NULL>
--  +I	5	dan	<NULL>	<NULL>
--  +I	6	bob	bob	Berlin
--  +I	6	bob	bob	Bern
--  +I	<NULL>	<NULL>	<NULL>	Nowhere
--  +I	<NULL>	<NULL>	ann	Kiel

SELECT id, city FROM orders FULL JOIN customers ON customer = name AND amount < credit;
--out folded
--  +I	1	Berlin
--  +I	1	Bern
--  +I	2	Berlin
--  +I	4	<NULL>
--  +I	5	<NULL>
--  +I	6	Berlin
--  +I	<NULL>	Kiel
--  +I	<NULL>	Nowhere

SELECT id, city FROM orders LEFT JOIN customers ON amount < credit;
--out folded
--  +I	1	Berlin
--  +I	1	Bern
--  +I	1	Kiel
--  +I	2	Berlin
--  +I	4	Berlin
--  +I	5	Berlin
--  +I	6	Berlin

SELECT customer, COUNT(*) AS n, SUM(credit) AS s FROM orders JOIN customers ON customer = name GROUP BY customer;
--out folded
--  +I	bob	6	246
