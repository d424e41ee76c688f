-- What Canal sends: several rows in a record, of an update only what it changed, and the changes of tables themselves.
CREATE TABLE products (id INT, name STRING, weight DOUBLE)
WITH ('connector' = 'filesystem', 'path' = '${dir}/products.jsonl', 'format' = 'canal-json', 'canal-json.database.include' = 'inv.*', 'canal-json.table.include' = 'products');
--file products.jsonl
--  {"data":[{"id":"101","name":"scooter","weight":"3.14"},{"id":"102","name":"car battery","weight":"8.1"}],"database":"inventory","es":1589373515000,"id":3,"isDdl":false,"old":null,"pkNames":["id"],"table":"products","ts":1589373515477,"type":"INSERT"}
--  {"data":[{"id":"101","name":"scooter","weight":"5.17"},{"id":"102","name":null,"weight":"5.17"}],"database":"inventory","old":[{"weight":"3.14","name":"scooter"},{"weight":"8.1","name":"car battery"}],"table":"products","type":"UPDATE"}
--  {"data":null,"database":"inventory","isDdl":true,"old":null,"sql":"CREATE TABLE x (y int)","table":"products","type":"CREATE"}
--  {"data":[{"id":"9","name":"other"}],"database":"inventory","old":null,"table":"products2","type":"INSERT"}
--  {"data":[{"id":"102","name":null,"weight":"5.17"}],"database":"inventory","old":null,"table":"products","type":"DELETE"}

CREATE TABLE again (id INT, name STRING, weight DOUBLE)
WITH ('connector' = 'filesystem', 'path' = '${dir}/again', 'format' = 'canal-json');
CREATE TABLE lines (line STRING) WITH ('connector' = 'filesystem', 'path' = '${dir}/again', 'format' = 'raw');

SELECT * FROM products;
--out
--  +I	101	scooter	3.14
--  +I	102	car battery	8.1
--  -U	101	scooter	3.14
--  +U	101	scooter	5.17
--  -U	102	car battery	8.1
--  +U	102	<NULL>	5.17
--  -D	102	<NULL>	5.17

INSERT INTO again SELECT * FROM products;
SELECT * FROM lines;
--out sorted
--  +I	{"data":[{"id":101,"name":"scooter","weight":3.14}],"type":"INSERT"}
--  +I	{"data":[{"id":102,"name":"car battery","weight":8.1}],"type":"INSERT"}
--  +I	{"data":[{"id":101,"name":"scooter","weight":3.14}],"type":"DELETE"}
--  +I	{"data":[{"id":101,"name":"scooter","weight":5.17}],"type":"INSERT"}
--  +I	{"data":[{"id":102,"name":"car battery","weight":8.1}],"type":"DELETE"}
--  +I	{"data":[{"id":102,"name":null,"weight":5.17}],"type":"INSERT"}
--  +I	{"data":[{"id":102,"name":null,"weight":5.17}],"type":"DELETE"}
