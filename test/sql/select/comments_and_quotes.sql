-- Comments of both kinds, quotes doubled, names in back-ticks, keywords in any case.
CREATE TABLE t (`a b` INT, `select` STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"a b": 1, "select": "it's"}

select /* one */ `a b` As `x.y`, -- two
  `select` || ';--' aS s
from t /* ; */ where `select` = 'it''s';
--out
--  +I	1	it's;--
