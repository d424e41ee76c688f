-- A zone that there is not.
SET 'table.local-time-zone' = 'Mars/Olympus';
SELECT 1 AS x;
--error Mars
