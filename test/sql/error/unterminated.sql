-- A text without its end.
SELECT 'abc;
--error line 2
