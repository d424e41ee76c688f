-- A typing error in a setting. Flink takes any key.
--only millrace
SET 'table.exec.state.tll' = '1 d';
--error did you mean "table.exec.state.ttl"?
