-- Two inserts as one job.
CREATE TABLE t (id STRING, n INT)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"id": "a", "n": 1}
--  {"id": "b", "n": 20}
--  {"id": "c", "n": 30}

CREATE TABLE few (id STRING, n INT) WITH ('connector' = 'filesystem', 'path' = '${dir}/few', 'format' = 'json');
CREATE TABLE many (id STRING, n INT) WITH ('connector' = 'filesystem', 'path' = '${dir}/many', 'format' = 'json');

EXECUTE STATEMENT SET BEGIN
  INSERT INTO few SELECT id, n FROM t WHERE n < 10;
  INSERT INTO many SELECT id, n FROM t WHERE n >= 10;
END;

SELECT * FROM few;
--out
--  +I	a	1

SELECT * FROM many;
--out sorted
--  +I	b	20
--  +I	c	30
