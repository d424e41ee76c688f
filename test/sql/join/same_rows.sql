-- Rows that are equal count as often as they are there, also after the columns that tell them apart are left
-- out.
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

SELECT o.customer, c.name FROM orders o LEFT JOIN customers c ON o.customer = c.name;
--out folded
--  +I	<NULL>	<NULL>
--  +I	bob	bob
--  +I	bob	bob
--  +I	bob	bob
--  +I	bob	bob
--  +I	bob	bob
--  +I	bob	bob
--  +I	dan	<NULL>

SELECT c.name FROM orders o RIGHT JOIN customers c ON o.customer = c.name;
--out folded
--  +I	<NULL>
--  +I	ann
--  +I	bob
--  +I	bob
--  +I	bob
--  +I	bob
--  +I	bob
--  +I	bob

SELECT COUNT(*) AS n FROM orders, customers;
--out folded
--  +I	20
