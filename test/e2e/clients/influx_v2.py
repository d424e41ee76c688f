"""Writes points with the client library of InfluxDB 2 as an application does: in batches, from threads of its own, which
try again by themselves. Usage: influx_v2.py URL MEASUREMENT COUNT

Says "begun" when the first batch is on its way, and at the end what it saw, as JSON.
"""
import json
import sys

from influxdb_client import InfluxDBClient, Point, WriteOptions
from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.write_api import SYNCHRONOUS

url, measurement, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
failed = []

with InfluxDBClient(url=url, token="any", org="o", enable_gzip=True) as client:
    pong, health = client.ping(), client.health().status
    options = WriteOptions(batch_size=500, flush_interval=200, retry_interval=500, max_retries=50, max_retry_delay=1000,
                           max_retry_time=120_000, exponential_base=2)
    with client.write_api(write_options=options, error_callback=lambda conf, data, exc: failed.append(str(exc))) as write:
        for i in range(count):
            write.write(bucket="b", record=Point(measurement).tag("host", f"h {i % 7}").field("n", i).field("half", i / 2)
                        .field("even", i % 2 == 0).field("text", 'a "b"\\c').time(1_795_168_800_000_000_000 + i * 1000))
            if i == 1000:
                print("begun", flush=True)

    refused = ""
    try:
        client.write_api(write_options=SYNCHRONOUS).write(
            bucket="b", record=[f"{measurement}_bad,host=a n=1", "no line protocol", f"{measurement}_bad,host=b n=2"])
    except InfluxDBError as e:
        refused = f"{e.response.status} {'partial write' in e.message}"

print(json.dumps({"ping": pong, "health": health, "failed": failed, "refused": refused}))
