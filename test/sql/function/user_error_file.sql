-- A module that cannot be read.
--only millrace
CREATE FUNCTION f (x INT) RETURNS INT LANGUAGE WASM AS 'f' USING JAR 'data:text/plain,x';
--error line 3, column 70: read module: it is not WebAssembly in base64
