-- No Java is loaded.
--only millrace
ADD JAR 'my.jar';
--error no Java code is loaded here
