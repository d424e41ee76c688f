-- What Maxwell sends: of an update only the old values that it changed.
CREATE TABLE products (id INT, name STRING, weight DOUBLE)
WITH ('connector' = 'filesystem', 'path' = '${dir}/products.jsonl', 'format' = 'maxwell-json');
--file products.jsonl
--  {"database":"test","table":"product","type":"insert","ts":1596684883,"xid":7125,"xoffset":0,"data":{"id":101,"name":"scooter","weight":3.14},"primary_key_columns":["id"]}
--  {"database":"test","table":"product","type":"insert","ts":1596684883,"xid":7125,"commit":true,"data":{"id":102,"name":null,"weight":8.1}}
--  {"database":"test","table":"product","type":"update","ts":1596684893,"data":{"id":101,"name":"scooter","weight":5.1},"old":{"weight":3.14}}
--  {"database":"test","table":"product","type":"update","ts":1596684894,"data":{"id":102,"name":"car battery","weight":8.1},"old":{"name":null}}
--  {"database":"test","table":"product","type":"delete","ts":1596684914,"data":{"id":101,"name":"scooter","weight":5.1}}

CREATE TABLE again (id INT, name STRING, weight DOUBLE)
WITH ('connector' = 'filesystem', 'path' = '${dir}/again', 'format' = 'maxwell-json');
CREATE TABLE lines (line STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/again', 'format' = 'raw');

SELECT * FROM products;
--out
--  +I	101	scooter	3.14
--  +I	102	<NULL>	8.1
--  -U	101	scooter	3.14
--  +U	101	scooter	5.1
--  -U	102	<NULL>	8.1
--  +U	102	car battery	8.1
--  -D	101	scooter	5.1

INSERT INTO again SELECT * FROM products;
SELECT * FROM lines;
--out sorted
--  +I	{"data":{"id":101,"name":"scooter","weight":3.14},"type":"insert"}
--  +I	{"data":{"id":102,"name":null,"weight":8.1},"type":"insert"}
--  +I	{"data":{"id":101,"name":"scooter","weight":3.14},"type":"delete"}
--  +I	{"data":{"id":101,"name":"scooter","weight":5.1},"type":"insert"}
--  +I	{"data":{"id":102,"name":null,"weight":8.1},"type":"delete"}
--  +I	{"data":{"id":102,"name":"car battery","weight":8.1},"type":"insert"}
--  +I	{"data":{"id":101,"name":"scooter","weight":5.1},"type":"delete"}
