-- The article's pipeline: clean -> convert -> aggregate. A real Flink runs this file as it is.
--
-- sensors.raw    what sensors send: degrees Fahrenheit, nulls and nonsense included
-- sensors.clean  the good records, with temperature_celsius and processed_at
-- sensors.stats  count, average, least and greatest temperature a sensor, every 10 s of event time
--
-- What cannot be read (broken JSON, a value of the wrong type, no id or no event_time) goes to
-- sensors.raw.dead; that is configured beside this file, as Flink has no word for it.
SET 'execution.checkpointing.interval' = '1 s';
SET 'table.exec.sink.not-null-enforcer' = 'DROP';
SET 'table.local-time-zone' = 'UTC';

CREATE TABLE sensors_raw (
  id          STRING NOT NULL,
  temperature DOUBLE,
  humidity    DOUBLE,
  `value`     DOUBLE,
  event_time  TIMESTAMP(3) NOT NULL
) WITH (
  'connector' = 'kafka',
  'topic' = 'sensors.raw',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'properties.group.id' = 'sensors-clean',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json',
  'json.ignore-parse-errors' = 'true'
);

CREATE TABLE sensors_clean (
  id                  STRING NOT NULL,
  temperature         DOUBLE,
  temperature_celsius DOUBLE,
  humidity            DOUBLE,
  `value`             DOUBLE,
  event_time          TIMESTAMP(3) NOT NULL,
  processed_at        TIMESTAMP(3),
  WATERMARK FOR event_time AS event_time - INTERVAL '5' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'sensors.clean',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'properties.group.id' = 'sensors-stats',
  'properties.isolation.level' = 'read_committed',
  'properties.transaction.timeout.ms' = '600000',
  'scan.startup.mode' = 'earliest-offset',
  'scan.watermark.idle-timeout' = '5 s',
  -- One writer, one partition: what was in order stays in order, as the windows below rely on it.
  'sink.partitioner' = 'fixed',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'sensors-clean',
  'format' = 'json'
);

CREATE TABLE sensors_stats (
  id           STRING NOT NULL,
  window_start TIMESTAMP(3) NOT NULL,
  window_end   TIMESTAMP(3) NOT NULL,
  cnt          BIGINT NOT NULL,
  avg_celsius  DOUBLE,
  min_celsius  DOUBLE,
  max_celsius  DOUBLE,
  processed_at TIMESTAMP(3)
) WITH (
  'connector' = 'kafka',
  'topic' = 'sensors.stats',
  'properties.bootstrap.servers' = '127.0.0.1:9092',
  'properties.transaction.timeout.ms' = '600000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'sensors-stats',
  'format' = 'json'
);

INSERT INTO sensors_clean
SELECT
  id,
  temperature,
  (temperature - 32) * 5 / 9 AS temperature_celsius,
  humidity,
  `value`,
  event_time,
  LOCALTIMESTAMP AS processed_at
FROM sensors_raw
WHERE id <> '';  -- Flink reads a missing id of a NOT NULL column as ''

INSERT INTO sensors_stats
SELECT
  id,
  window_start,
  window_end,
  COUNT(*)                 AS cnt,
  AVG(temperature_celsius) AS avg_celsius,
  MIN(temperature_celsius) AS min_celsius,
  MAX(temperature_celsius) AS max_celsius,
  LOCALTIMESTAMP           AS processed_at
FROM TABLE(TUMBLE(TABLE sensors_clean, DESCRIPTOR(event_time), INTERVAL '10' SECOND))
GROUP BY id, window_start, window_end;
