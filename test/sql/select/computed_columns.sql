-- Computed columns, one over another's input, and a metadata column.
CREATE TABLE t (
  f DOUBLE,
  c AS (f - 32) * 5 / 9,
  hot AS f > 86,
  name STRING METADATA FROM 'file.name' VIRTUAL
) WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"f": 77}
--  {"f": 104}
--  {"f": null}

SELECT * FROM t;
--out
--  +I	77.0	25.0	FALSE	t.jsonl
--  +I	104.0	40.0	TRUE	t.jsonl
--  +I	<NULL>	<NULL>	<NULL>	t.jsonl

SELECT name, c FROM t WHERE hot;
--out
--  +I	t.jsonl	40.0
