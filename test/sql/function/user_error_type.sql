-- What a function returns must be of the type that it says.
--only millrace
CREATE FUNCTION f (x STRING) RETURNS INT RETURN x;
--error line 3, column 49: function f returns INT, not STRING (write CAST(... AS INT))
