-- What there is, by SHOW.
CREATE TABLE orders (n INT) WITH ('connector' = 'blackhole');
CREATE TABLE others (n INT) WITH ('connector' = 'blackhole');
CREATE TEMPORARY TABLE passing (n INT) WITH ('connector' = 'blackhole');
CREATE VIEW odd AS SELECT 1 AS one_more;
CREATE DATABASE second_one COMMENT 'x';
CREATE TABLE second_one.orders (m INT) WITH ('connector' = 'blackhole');

SHOW TABLES;
--out
--  +I	odd
--  +I	orders
--  +I	others
--  +I	passing

SHOW TABLES LIKE 'o%r%';
--out
--  +I	orders
--  +I	others

SHOW TABLES NOT LIKE 'o%';
--out
--  +I	passing

SHOW TABLES FROM second_one;
--out
--  +I	orders

SHOW TABLES IN default_catalog.default_database LIKE 'or%';
--out
--  +I	orders

SHOW VIEWS;
--out
--  +I	odd

SHOW DATABASES;
--out
--  +I	default_database
--  +I	second_one

SHOW DATABASES LIKE 's%';
--out
--  +I	second_one

SHOW CATALOGS;
--out
--  +I	default_catalog

SHOW CURRENT CATALOG;
--out
--  +I	default_catalog

SHOW CURRENT DATABASE;
--out
--  +I	default_database

SHOW MODULES;
--out
--  +I	core

SHOW FULL MODULES;
--out
--  +I	core	TRUE

SHOW USER FUNCTIONS;
--out

SHOW FUNCTIONS ILIKE 'AB_';
--out
--  +I	abs

SHOW JARS;
--out
