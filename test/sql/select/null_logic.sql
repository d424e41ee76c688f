-- Three-valued logic: each pair of TRUE, FALSE and NULL.
CREATE TABLE t (a BOOLEAN, b BOOLEAN)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"a": true, "b": true}
--  {"a": true, "b": false}
--  {"a": true, "b": null}
--  {"a": false, "b": true}
--  {"a": false, "b": false}
--  {"a": false, "b": null}
--  {"a": null, "b": true}
--  {"a": null, "b": false}
--  {"a": null, "b": null}

SELECT a, b, a AND b AS x, a OR b AS y, NOT a AS n, a = b AS eq, a IS NOT TRUE AS nt, a IS FALSE AS f, a IS UNKNOWN AS u FROM t;
--out
--  +I	TRUE	TRUE	TRUE	TRUE	FALSE	TRUE	FALSE	FALSE	FALSE
--  +I	TRUE	FALSE	FALSE	TRUE	FALSE	FALSE	FALSE	FALSE	FALSE
--  +I	TRUE	<NULL>	<NULL>	TRUE	FALSE	<NULL>	FALSE	FALSE	FALSE
--  +I	FALSE	TRUE	FALSE	TRUE	TRUE	FALSE	TRUE	TRUE	FALSE
--  +I	FALSE	FALSE	FALSE	FALSE	TRUE	TRUE	TRUE	TRUE	FALSE
--  +I	FALSE	<NULL>	FALSE	<NULL>	TRUE	<NULL>	TRUE	TRUE	FALSE
--  +I	<NULL>	TRUE	<NULL>	TRUE	<NULL>	<NULL>	TRUE	FALSE	TRUE
--  +I	<NULL>	FALSE	FALSE	<NULL>	<NULL>	<NULL>	TRUE	FALSE	TRUE
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	TRUE	FALSE	TRUE

SELECT COUNT(*) AS n FROM t WHERE a AND NOT b OR b IS NULL;
--out
--  +I	1
--  -U	1
--  +U	2
--  -U	2
--  +U	3
--  -U	3
--  +U	4
