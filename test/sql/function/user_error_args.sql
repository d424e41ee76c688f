-- Arguments must fit.
--only millrace
CREATE FUNCTION f (x INT, y STRING) RETURNS INT RETURN x;
SELECT f('a', 'b');
--error f does not take (CHAR(1), CHAR(1)) (it takes (INT, STRING))
