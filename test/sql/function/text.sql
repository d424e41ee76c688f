-- Cutting, joining and finding text; positions count from 1, in code points.
CREATE TABLE t (s STRING)
WITH ('connector' = 'filesystem', 'path' = '${dir}/t.jsonl', 'format' = 'json');
--file t.jsonl
--  {"s": "Hello, World"}
--  {"s": "h\u00e9\u00e9 \u4e16\u754c"}
--  {"s": "  pad "}
--  {"s": ""}
--  {}

SELECT UPPER(s) AS u, LOWER(s) AS l, CHAR_LENGTH(s) AS n, SUBSTRING(s, 2, 3) AS m, SUBSTRING(s FROM 4) AS f, SUBSTRING(s, -3) AS neg, LEFT(s, 2) AS le, RIGHT(s, 2) AS ri,
  TRIM(s) AS t, LTRIM(s) AS lt, RTRIM(s) || '|' AS rt, REVERSE(s) AS r FROM t;
--out
--  +I	HELLO, WORLD	hello, world	12	ell	lo, World	rld	He	ld	Hello, World	Hello, World	Hello, World|	dlroW ,olleH
--  +I	HÉÉ 世界	héé 世界	6	éé 	 世界	 世界	hé	世界	héé 世界	héé 世界	héé 世界|	界世 ééh
--  +I	  PAD 	  pad 	6	 pa	ad 	ad 	  	d 	pad	pad 	  pad|	 dap  
--  +I			0								|	
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>

SELECT POSITION('l' IN s) AS p, LOCATE('o', s) AS lo, INSTR(s, 'o') AS i, REPLACE(s, 'l', 'L') AS rep, OVERLAY(s PLACING '##' FROM 2 FOR 3) AS o,
  LPAD(s, 6, '*') AS lp, RPAD(s, 3, '*') AS rp, REPEAT(s, 2) AS d, INITCAP(s) AS c, ASCII(s) AS a, s || '!' AS b FROM t;
--out
--  +I	3	5	5	HeLLo, WorLd	H##o, World	Hello,	Hel	Hello, WorldHello, World	Hello, World	72	Hello, World!
--  +I	0	0	0	héé 世界	h##世界	héé 世界	héé	héé 世界héé 世界	Héé 世界	104	héé 世界!
--  +I	0	0	0	  pad 	 ##d 	  pad 	  p	  pad   pad 	  Pad 	32	  pad !
--  +I	0	0	0			******	***			0	!
--  +I	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>	<NULL>

SELECT CONCAT('a', s, 'b') AS c, CONCAT_WS('-', 'a', s, CAST(NULL AS STRING), 'z') AS w, SPLIT_INDEX(s, ',', 1) AS i, TRIM(BOTH 'h' FROM LOWER(s)) AS t, TRIM(LEADING 'H' FROM s) AS ld FROM t;
--out
--  +I	aHello, Worldb	a-Hello, World-z	 World	ello, world	ello, World
--  +I	ahéé 世界b	a-héé 世界-z	<NULL>	éé 世界	héé 世界
--  +I	a  pad b	a-  pad -z	<NULL>	  pad 	  pad 
--  +I	ab	a--z	<NULL>		
--  +I	<NULL>	a-z	<NULL>	<NULL>	<NULL>
