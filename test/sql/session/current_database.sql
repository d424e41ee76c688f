-- The database that names without one are of.
SELECT CURRENT_DATABASE();
--out
--  +I	default_database

CREATE DATABASE lab;
USE lab;
SELECT CURRENT_DATABASE() || '!';
--out
--  +I	lab!
