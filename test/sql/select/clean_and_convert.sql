-- The article's cleaning and conversion: nulls pass, the formula is exact.
CREATE TABLE sensors (
  id STRING NOT NULL,
  temperature DOUBLE,
  humidity INT
) WITH ('connector' = 'filesystem', 'path' = '${dir}/sensors.jsonl', 'format' = 'json');
--file sensors.jsonl
--  {"id": "s001", "temperature": 77.0, "humidity": 40}
--  {"id": "s002", "temperature": null, "humidity": 41}
--  {"id": "s003", "humidity": "42", "temperature": "32"}
--  {"id": "s004", "temperature": -40, "extra": {"nested": [1, 2, {"a": "}"}]}}

SELECT id, (temperature - 32) * 5 / 9 AS temperature_celsius, humidity FROM sensors;
--out
--  +I	s001	25.0	40
--  +I	s002	<NULL>	41
--  +I	s003	0.0	42
--  +I	s004	-40.0	<NULL>
