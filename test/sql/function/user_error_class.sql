-- Classes are refused, with what to do instead.
--only millrace
CREATE TEMPORARY FUNCTION f AS 'com.example.Upper' LANGUAGE JAVA USING JAR 'udf.jar';
--error line 3, column 61: functions in JAVA are not run here (write it in SQL
