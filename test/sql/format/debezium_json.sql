-- What Debezium sends of a table: a snapshot, an insert, an update, a delete and its tombstone; and what of it is written again.
CREATE TABLE products (id INT, name STRING, weight DECIMAL(10, 3))
WITH ('connector' = 'filesystem', 'path' = '${dir}/products.jsonl', 'format' = 'debezium-json');
--file products.jsonl
--  {"before":null,"after":{"id":101,"name":"scooter","description":"Small","weight":3.14},"source":{"db":"inventory","table":"products","snapshot":"true"},"op":"r","ts_ms":1589355606100}
--  {"before":null,"after":{"id":102,"name":"car battery","weight":8.1},"source":{"db":"inventory"},"op":"c","ts_ms":1589355606101}
--  {"before":{"id":102,"name":"car battery","weight":8.1},"after":{"id":102,"name":"car battery","weight":8.25},"source":{},"op":"u","ts_ms":1589361987936}
--  {"before":{"id":101,"name":"scooter","weight":3.14},"after":null,"source":{},"op":"d","ts_ms":1589361987937}
--  {"before":null,"after":{"id":103,"name":null,"weight":null},"op":"c","transaction":null}

CREATE TABLE wrapped (id INT, name STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/wrapped.jsonl', 'format' = 'debezium-json', 'debezium-json.schema-include' = 'true');
--file wrapped.jsonl
--  {"schema":{"type":"struct","fields":[{"field":"before"}]},"payload":{"before":{"id":1,"name":"a"},"after":{"id":1,"name":"b"},"op":"u"}}

CREATE TABLE again (id INT, name STRING, weight DECIMAL(10, 3))
WITH ('connector' = 'filesystem', 'path' = '${dir}/again', 'format' = 'debezium-json');
CREATE TABLE lines (line STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/again', 'format' = 'raw');

SELECT * FROM products;
--out
--  +I	101	scooter	3.140
--  +I	102	car battery	8.100
--  -U	102	car battery	8.100
--  +U	102	car battery	8.250
--  -D	101	scooter	3.140
--  +I	103	<NULL>	<NULL>

SELECT COUNT(*), SUM(weight) FROM products;
--out
--  +I	1	3.140
--  -U	1	3.140
--  +U	2	11.240
--  -U	2	11.240
--  +U	1	3.140
--  -U	1	3.140
--  +U	2	11.390
--  -U	2	11.390
--  +U	1	8.250
--  -U	1	8.250
--  +U	2	8.250

SELECT * FROM wrapped;
--out
--  -U	1	a
--  +U	1	b

INSERT INTO again SELECT * FROM products WHERE id < 103;
SELECT * FROM lines;
--out sorted
--  +I	{"before":null,"after":{"id":101,"name":"scooter","weight":3.14},"op":"c"}
--  +I	{"before":null,"after":{"id":102,"name":"car battery","weight":8.1},"op":"c"}
--  +I	{"before":{"id":102,"name":"car battery","weight":8.1},"after":null,"op":"d"}
--  +I	{"before":null,"after":{"id":102,"name":"car battery","weight":8.25},"op":"c"}
--  +I	{"before":{"id":101,"name":"scooter","weight":3.14},"after":null,"op":"d"}
