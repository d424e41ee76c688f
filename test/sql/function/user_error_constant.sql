-- What goes wrong with the constants of a call says where in the function.
--only millrace
CREATE FUNCTION f (x INT) RETURNS INT RETURN 1 / x;
SELECT f(0);
--error line 4, column 8: in function f: line 1, column
