"""Bytewax over Kafka: python bytewax_flow.py ADDRESS filter|windows; see program in bench/peers_program.go."""

import sys
from datetime import datetime, timedelta, timezone

import bytewax.operators as op
import bytewax.operators.windowing as win
import orjson
from bytewax.connectors.kafka import KafkaSinkMessage, KafkaSource
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import cluster_main

address, workload = sys.argv[1:]
epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
length = timedelta(seconds=10)


class Counting(DynamicSink):
    """A sink that keeps nothing."""

    def build(self, _step_id, _worker_index, _worker_count):
        return CountingPart()


class CountingPart(StatelessSinkPartition):
    def write_batch(self, _items):
        pass


def cleaned(msg):
    r = orjson.loads(msg.value)
    t = r["temperature"]
    if t <= 40:
        return None
    at = datetime.fromisoformat(r["event_time"]).replace(tzinfo=timezone.utc)
    return (r["id"], (t - 32) * 5 / 9, at)


def millis(at):
    return (at - epoch) // timedelta(milliseconds=1)


def fold(acc, row):
    c = row[1]
    if acc is None:
        return [1, c, c, c]
    acc[0] += 1
    acc[1] += c
    if c < acc[2]:
        acc[2] = c
    elif c > acc[3]:
        acc[3] = c
    return acc


def pane(item):
    key, (window, (count, total, lo, hi)) = item
    return {"id": key, "window_start": window * 10_000, "cnt": count, "a": total / count, "lo": lo, "hi": hi}


def flow_of(topic, out):
    flow = Dataflow("peer")
    rows = op.filter_map("clean", op.input("in", flow, KafkaSource([address], [topic], tail=False)), cleaned)
    if workload == "windows":
        clock = win.EventClock(ts_getter=lambda r: r[2], wait_for_system_duration=timedelta(seconds=5))
        keyed = op.key_on("key", rows, lambda r: r[0])
        folded = win.fold_window(
            "fold", keyed, clock, win.TumblingWindower(length=length, align_to=epoch), lambda: None, fold, lambda a, b: a, ordered=False
        )
        rows = op.map("pane", folded.down, pane)
    else:
        rows = op.map("row", rows, lambda r: {"id": r[0], "c": r[1], "event_time": millis(r[2])})
    if out == "-":
        op.output("out", rows, Counting())
    else:
        kop.output("out", op.map("encode", rows, lambda r: KafkaSinkMessage(None, orjson.dumps(r))), brokers=[address], topic=out)
    return flow


for line in sys.stdin:
    topic, out = line.split()
    cluster_main(flow_of(topic, out), [], 0)
    print("done", flush=True)
