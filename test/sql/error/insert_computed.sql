-- A computed column cannot be written.
CREATE TABLE o (n INT, m AS n + 1) WITH ('connector' = 'blackhole');
INSERT INTO o (n, m) SELECT 1, 2;
--error "m"
