-- A function cannot call itself, not even by way of another.
--only millrace
CREATE FUNCTION f (x INT) RETURNS INT RETURN x;
CREATE FUNCTION g (x INT) RETURNS INT RETURN f(x);
ALTER FUNCTION f (x INT) RETURNS INT RETURN g(x);
--error calls itself
