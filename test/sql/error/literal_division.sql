-- A constant divided by zero is an error of the plan.
SELECT 1 / 0 AS x;
--error zero
