-- Keys of Flink's families are known, in either case of their words.
SET 'table.exec.state.ttl' = '1 d';
SET 'table.exec.sink.upsert-materialize' = 'none';
SET 'execution.runtime-mode' = 'Streaming';
SET 'restart-strategy' = 'fixed-delay';
SET 'restart-strategy.fixed-delay.attempts' = '3';
SET 'state.backend.rocksdb.memory.managed' = 'true';
SET 'taskmanager.numberOfTaskSlots' = '4';
RESET 'table.exec.state.ttl';
RESET;
SELECT 1 AS n;
--out
--  +I	1
