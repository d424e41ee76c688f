"""Writes points with the client library of InfluxDB 1. Usage: influx_v1.py HOST PORT MEASUREMENT COUNT

Says at the end what it saw, as JSON.
"""
import json
import sys

from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError

host, port, measurement, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
client = InfluxDBClient(host=host, port=port, database="db", gzip=True)
version = client.ping()
client.create_database("db")

points = [{"measurement": measurement, "tags": {"host": f"h {i % 7}"}, "time": 1_795_168_800_000 + i,
           "fields": {"n": i, "half": i / 2, "even": i % 2 == 0, "text": 'a "b"'}} for i in range(count)]
written = client.write_points(points, time_precision="ms", batch_size=5000)

asked = ""
try:
    client.query("SELECT * FROM cpu")
except InfluxDBClientError as e:
    asked = f"{e.code} {'/api/sql' in e.content}"

print(json.dumps({"version": version, "written": written, "asked": asked}))
