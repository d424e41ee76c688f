-- What the parser wants, and where.
SELECT n FORM t WHERE;
--error line 2
