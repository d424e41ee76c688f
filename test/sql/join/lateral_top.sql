-- LATERAL with ORDER BY and LIMIT: the best rows of each group.
CREATE TABLE cities (name STRING, state STRING, pop INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/c.jsonl', 'format' = 'json');
--file c.jsonl
--  {"name": "x", "state": "A", "pop": 5}
--  {"name": "y", "state": "A", "pop": 7}
--  {"name": "z", "state": "A", "pop": 9}
--  {"name": "w", "state": "B", "pop": 1}

SELECT state, name, pop
FROM (SELECT DISTINCT state FROM cities) states,
  LATERAL (SELECT name, pop FROM cities WHERE state = states.state ORDER BY pop DESC LIMIT 2);
--out folded
--  +I	A	y	7
--  +I	A	z	9
--  +I	B	w	1

SELECT states.state, c.name, c.pop
FROM (SELECT DISTINCT state FROM cities) states,
  LATERAL (SELECT name, pop FROM cities WHERE state = states.state ORDER BY pop DESC LIMIT 1) AS c;
--out folded
--  +I	A	z	9
--  +I	B	w	1
