-- A value that a setting cannot have. Flink finds out when it is used.
--only millrace
SET 'table.exec.mini-batch.enabled' = 'yes';
--error "yes" is neither true nor false
