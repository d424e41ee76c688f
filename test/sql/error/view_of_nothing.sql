-- A view is checked when it is made.
CREATE VIEW v AS SELECT n FROM nothing;
--error nothing
