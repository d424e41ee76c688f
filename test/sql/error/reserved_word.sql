-- A reserved word as a name.
SELECT 1 AS order;
--error line 2
