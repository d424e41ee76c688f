"""The loop that tutorials of real-time platforms in Python teach: kafka-python in, a dict per record, kafka-python out.
python python_loop.py ADDRESS filter|windows; see program in bench/peers_program.go."""

import json
import sys
from datetime import datetime

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

address, workload = sys.argv[1:]
epoch = datetime(1970, 1, 1)


class StreamProcessor:
    def __init__(self, input_topic, output_topic):
        self.consumer = KafkaConsumer(
            bootstrap_servers=[address],
            value_deserializer=lambda m: json.loads(m.decode("utf-8")),
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        parts = [TopicPartition(input_topic, p) for p in self.consumer.partitions_for_topic(input_topic)]
        self.consumer.assign(parts)
        self.consumer.seek_to_beginning()
        self.left = {(p.topic, p.partition): end for p, end in self.consumer.end_offsets(parts).items()}
        self.producer = KafkaProducer(
            bootstrap_servers=[address], value_serializer=lambda v: json.dumps(v).encode("utf-8"), compression_type="gzip", linger_ms=10
        )
        self.output_topic = output_topic
        self.open = {}  # by partition and window

    def clean_data(self, data):
        return {k: v for k, v in data.items() if v is not None}

    def transform_data(self, data):
        return {"id": data["id"], "c": (data["temperature"] - 32) * 5 / 9, "event_time": data["event_time"]}

    def aggregate_data(self, partition, data):
        """Sums up windows of 10 s, and gives those that are over by 5 s."""
        at = (datetime.fromisoformat(data["event_time"]) - epoch).total_seconds()
        start = int(at // 10 * 10)
        windows = self.open.setdefault(partition, {})
        ended = [w for w in windows if w + 10 <= at - 5]
        for w in sorted(ended):
            for key, (count, total, lo, hi) in windows.pop(w).items():
                yield {"id": key, "window_start": w * 1000, "cnt": count, "a": total / count, "lo": lo, "hi": hi}
        c = data["c"]
        pane = windows.setdefault(start, {}).get(data["id"])
        if pane is None:
            windows[start][data["id"]] = [1, c, c, c]
        else:
            pane[0] += 1
            pane[1] += c
            pane[2] = min(pane[2], c)
            pane[3] = max(pane[3], c)

    def process_data(self, partition, data):
        data = self.clean_data(data)
        if data["temperature"] <= 40:
            return
        data = self.transform_data(data)
        for row in self.aggregate_data(partition, data) if workload == "windows" else [data]:
            row["processed_at"] = datetime.now().isoformat()
            yield row

    def run(self):
        for message in self.consumer:
            for row in self.process_data(message.partition, message.value):
                self.producer.send(self.output_topic, row)
            part = (message.topic, message.partition)
            if message.offset + 1 == self.left[part]:
                del self.left[part]
                if not self.left:
                    break
        self.producer.flush()
        self.producer.close()
        self.consumer.close()


for line in sys.stdin:
    topic, out = line.split()
    StreamProcessor(topic, out).run()
    print("done", flush=True)
