"""The roles of a client, played by kafka-python."""

import sys

from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import InvalidProducerEpochError, KafkaError, KafkaTimeoutError, ProducerFencedError
from kafka.structs import OffsetAndMetadata

from spoken import got, record, say, settings, told, transactions

HEADERS = [("from", b"kafka-python")]


def producer(s, **more):
    return KafkaProducer(
        bootstrap_servers=s["addr"], acks="all", enable_idempotence=True, linger_ms=5,
        compression_type=s.get("codec") or None, **more,
    )


def send(p, s, number):
    key, value = record(number)
    return number, p.send(s["topic"], value, key, headers=HEADERS, partition=number % s["partitions"])


def outcomes(futures):
    for number, future in futures:
        try:
            m = future.get(60)
            say("sent", id=number, outcome="ok", partition=m.partition, offset=m.offset)
        except KafkaError as e:
            # What timed out may have been written; all else was refused.
            say("sent", id=number, outcome="unknown" if isinstance(e, KafkaTimeoutError) else "failed", error=str(e))


def produce(s):
    p = producer(s)
    futures = [send(p, s, number) for number in range(s["first"], s["first"] + s["count"])]
    p.flush(60)
    outcomes(futures)
    p.close()


class Held(ConsumerRebalanceListener):
    """Tells each change of what is assigned."""

    def on_partitions_revoked(self, revoked):
        say("assigned", partitions=[])

    def on_partitions_assigned(self, assigned):
        say("assigned", partitions=sorted(p.partition for p in assigned))


def consumer(s, isolation):
    c = KafkaConsumer(
        bootstrap_servers=s["addr"], group_id=s["group"], auto_offset_reset="earliest", enable_auto_commit=False,
        isolation_level=isolation, session_timeout_ms=6000, heartbeat_interval_ms=500,
    )
    c.subscribe([s["topic"]], listener=Held())
    return c


def consume(s):
    c = consumer(s, s["isolation"])
    committed = 0
    while not told():
        found = [m for part in c.poll(100).values() for m in part]
        for m in found:
            got(m.key, m.value, m.headers, m.partition, m.offset)
        if found:
            c.commit()
            committed += len(found)
            say("committed", records=committed)
    c.close()


def transact(s):
    p = producer(s, transactional_id=s["txid"])
    p.init_transactions()
    for _, numbers, commit in transactions(s):
        p.begin_transaction()
        futures = [send(p, s, number) for number in numbers]
        if commit:
            p.commit_transaction()
            outcomes(futures)
        else:
            p.flush(30)
            p.abort_transaction()
        say("transaction", first=numbers[0], last=numbers[-1], outcome="committed" if commit else "aborted")
    p.close()


def hold(s):
    p = producer(s, transactional_id=s["txid"])
    p.init_transactions()
    p.begin_transaction()
    futures = [send(p, s, number) for number in range(s["first"], s["first"] + s["count"])]
    p.flush(30)
    outcomes(futures)
    say("ready")
    sys.stdin.readline()
    try:
        p.commit_transaction()
        outcome, error = "committed", ""
    except (ProducerFencedError, InvalidProducerEpochError) as e:
        outcome, error = "fenced", str(e)
    except KafkaError as e:
        outcome, error = "failed", repr(e)
    say("transaction", first=s["first"], last=s["first"] + s["count"] - 1, outcome=outcome, error=error)


def relay(s):
    c = consumer(s, "read_committed")
    p = producer(s, transactional_id=s["txid"])
    p.init_transactions()
    while not told():
        found = [m for part in c.poll(100).values() for m in part]
        if not found:
            continue
        p.begin_transaction()
        ends = {}
        for m in found:
            p.send(s["out"], m.value, m.key, headers=HEADERS, partition=m.partition)
            ends[TopicPartition(m.topic, m.partition)] = OffsetAndMetadata(m.offset + 1, "", -1)
        p.send_offsets_to_transaction(ends, c.group_metadata())
        p.commit_transaction()
        say("relayed", records=len(found))
    c.close()
    p.close()


role, wanted = settings()
{"produce": produce, "consume": consume, "transact": transact, "hold": hold, "relay": relay}[role](wanted)
