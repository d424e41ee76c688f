-- Dropping what is not there.
DROP TABLE nothing;
--error nothing
