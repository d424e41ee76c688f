-- A database that there is not.
USE nowhere;
--error database "nowhere" not found
