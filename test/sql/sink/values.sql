-- Constants into a table, with casts to its columns.
CREATE TABLE o (a BIGINT, b DOUBLE, c VARCHAR(3), d DECIMAL(5, 1), e TIMESTAMP(3)) WITH ('connector' = 'filesystem', 'path' = '${dir}/o', 'format' = 'json');

INSERT INTO o VALUES (1, 2, 'abc', 1.25, TIMESTAMP '2026-11-20 10:00:00'), (CAST(NULL AS INT), 0.5, 'x', 7, TIMESTAMP '2026-11-20 10:00:00.5');

SELECT * FROM o;
--out sorted
--  +I	1	2.0	abc	1.3	2026-11-20 10:00:00.000
--  +I	<NULL>	0.5	x	7.0	2026-11-20 10:00:00.500
