-- There are no queries in functions.
--only millrace
CREATE FUNCTION f (x INT) RETURNS BOOLEAN RETURN EXISTS (SELECT 1);
--error there can be no query in a function (make it a view, and join it)
