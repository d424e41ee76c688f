-- An error in the body of a function points to its place, also within quotes.
--only millrace
CREATE FUNCTION f AS '(a INT) RETURNS STRING
  RETURN ''it''''s '' || nothing(a)' LANGUAGE SQL;
--error line 4, column 26: function NOTHING not found
