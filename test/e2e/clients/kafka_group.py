"""Uses a broker as kafka-python users do: produce with keys, headers and gzip; read in a group, commit,
and find that a second member of the group goes on where the first stopped.

Usage: kafka_group.py BOOTSTRAP TOPIC COUNT. Prints one line of JSON about what it saw."""

import json
import sys

from kafka import KafkaConsumer, KafkaProducer


def produce(bootstrap, topic, count):
    producer = KafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        compression_type="gzip",
        key_serializer=str.encode,
        value_serializer=lambda v: json.dumps(v, ensure_ascii=False).encode(),
    )
    sent = [
        producer.send(topic, key=f"k{i % 7}", value={"n": i, "name": "传感器"}, headers=[("from", b"kafka-python")])
        for i in range(count)
    ]
    producer.flush(30)
    for future in sent:
        future.get(30)
    producer.close()


def consume(bootstrap, topic, group, at_most):
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_timeout_ms=5000,
        max_poll_records=at_most,
    )
    seen = []
    for record in consumer:
        value = json.loads(record.value)
        assert record.key.decode() == f"k{value['n'] % 7}", record
        assert record.headers == [("from", b"kafka-python")] or dict(record.headers) == {"from": b"kafka-python"}, record
        assert value["name"] == "传感器", record
        seen.append(value["n"])
        if len(seen) == at_most:
            break
    consumer.commit()
    consumer.close()
    return seen


def main():
    bootstrap, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    produce(bootstrap, topic, count)
    first = consume(bootstrap, topic, "e2e", count // 2)
    second = consume(bootstrap, topic, "e2e", count)
    print(json.dumps({"first": len(first), "second": len(second), "distinct": len(set(first + second))}))


main()
