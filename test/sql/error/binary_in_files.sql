-- Files hold one record a line, which a binary record may break.
CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = '${dir}/t', 'format' = 'avro');
--error format "avro" cannot be used with connector "filesystem"
--only millrace
