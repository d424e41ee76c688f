-- Types of constants, as DESCRIBE of a view tells them.
CREATE VIEW v AS SELECT 1 AS a, 3000000000 AS b, 1.5 AS c, 1e1 AS d, 'abc' AS e, TRUE AS f, DATE '2026-11-20' AS g, TIMESTAMP '2026-11-20 00:00:00.123' AS h, INTERVAL '1' DAY AS i, CAST(NULL AS INT) AS j, 1 + 3000000000 AS k, 1.5 * 2.25 AS l, 'a' || 'bc' AS m, COUNT(*) AS n FROM (VALUES (1)) AS t (x);
-- Flink differs: it writes NULL where nothing is to be said.

DESCRIBE v;
--out
--  +I	a	INT	FALSE	<NULL>	<NULL>	<NULL>
--  +I	b	BIGINT	FALSE	<NULL>	<NULL>	<NULL>
--  +I	c	DECIMAL(2, 1)	FALSE	<NULL>	<NULL>	<NULL>
--  +I	d	DOUBLE	FALSE	<NULL>	<NULL>	<NULL>
--  +I	e	CHAR(3)	FALSE	<NULL>	<NULL>	<NULL>
--  +I	f	BOOLEAN	FALSE	<NULL>	<NULL>	<NULL>
--  +I	g	DATE	FALSE	<NULL>	<NULL>	<NULL>
--  +I	h	TIMESTAMP(3)	FALSE	<NULL>	<NULL>	<NULL>
--  +I	i	INTERVAL DAY TO SECOND(3)	FALSE	<NULL>	<NULL>	<NULL>
--  +I	j	INT	TRUE	<NULL>	<NULL>	<NULL>
--  +I	k	BIGINT	FALSE	<NULL>	<NULL>	<NULL>
--  +I	l	DECIMAL(6, 3)	FALSE	<NULL>	<NULL>	<NULL>
--  +I	m	CHAR(3)	FALSE	<NULL>	<NULL>	<NULL>
--  +I	n	BIGINT	FALSE	<NULL>	<NULL>	<NULL>
