"""The roles of a client, played by confluent-kafka (librdkafka)."""

import sys

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from spoken import got, record, say, settings, told, transactions

HEADERS = [("from", b"confluent")]


def producer(s, **more):
    return Producer({
        "bootstrap.servers": s["addr"], "acks": "all", "enable.idempotence": True, "linger.ms": 5,
        "compression.type": s.get("codec") or "none", **more,
    })


def send(p, s, topic, number):
    key, value = record(number)

    def delivered(err, msg):
        if err is None:
            say("sent", id=number, outcome="ok", partition=msg.partition(), offset=msg.offset())
        else:
            # What timed out may have been written; all else was refused.
            unsure = err.code() in (KafkaError._MSG_TIMED_OUT, KafkaError._TIMED_OUT)
            say("sent", id=number, outcome="unknown" if unsure else "failed", error=str(err))

    p.produce(topic, value, key, partition=number % s["partitions"], headers=HEADERS, on_delivery=delivered)
    p.poll(0)


def produce(s):
    p = producer(s)
    for number in range(s["first"], s["first"] + s["count"]):
        send(p, s, s["topic"], number)
    p.flush(60)


def consumer(s, isolation):
    settings = {
        "bootstrap.servers": s["addr"], "group.id": s["group"], "auto.offset.reset": "earliest",
        "enable.auto.commit": False, "isolation.level": isolation, "group.protocol": s["protocol"],
    }
    if s["protocol"] == "classic":
        settings |= {"session.timeout.ms": 6000, "heartbeat.interval.ms": 500}
        if s.get("assignor"):
            settings["partition.assignment.strategy"] = s["assignor"]
    return Consumer(settings)


def subscribe(c, s):
    """Subscribes, and tells each change of what is assigned."""
    held = set()

    def assigned(c, parts):
        held.update(p.partition for p in parts)
        say("assigned", partitions=sorted(held))

    def revoked(c, parts):
        held.difference_update(p.partition for p in parts)
        say("assigned", partitions=sorted(held))

    c.subscribe([s["topic"]], on_assign=assigned, on_revoke=revoked, on_lost=revoked)


def batch(c):
    found = c.consume(500, 0.1)
    for m in found:
        if m.error():
            raise KafkaException(m.error())
    return found


def consume(s):
    c = consumer(s, s["isolation"])
    subscribe(c, s)
    committed = 0
    while not told():
        found = batch(c)
        for m in found:
            got(m.key(), m.value(), m.headers(), m.partition(), m.offset())
        if found:
            c.commit(asynchronous=False)
            committed += len(found)
            say("committed", records=committed)
    c.close()


def transact(s):
    p = producer(s, **{"transactional.id": s["txid"]})
    p.init_transactions(30)
    for _, numbers, commit in transactions(s):
        p.begin_transaction()
        for number in numbers:
            send(p, s, s["topic"], number)
        if commit:
            p.commit_transaction(30)
        else:
            p.flush(30)
            p.abort_transaction(30)
        say("transaction", first=numbers[0], last=numbers[-1], outcome="committed" if commit else "aborted")


def hold(s):
    p = producer(s, **{"transactional.id": s["txid"]})
    p.init_transactions(30)
    p.begin_transaction()
    for number in range(s["first"], s["first"] + s["count"]):
        send(p, s, s["topic"], number)
    p.flush(30)
    say("ready")
    sys.stdin.readline()
    try:
        p.commit_transaction(30)
        outcome, error = "committed", ""
    except KafkaException as e:
        code = e.args[0].code()
        fenced = code in (KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED)
        outcome, error = "fenced" if fenced else "failed", str(e)
    say("transaction", first=s["first"], last=s["first"] + s["count"] - 1, outcome=outcome, error=error)


def relay(s):
    c = consumer(s, "read_committed")
    subscribe(c, s)
    p = producer(s, **{"transactional.id": s["txid"]})
    p.init_transactions(30)
    while not told():
        found = batch(c)
        if not found:
            continue
        p.begin_transaction()
        for m in found:
            p.produce(s["out"], m.value(), m.key(), partition=m.partition(), headers=HEADERS)
        p.send_offsets_to_transaction(c.position(c.assignment()), c.consumer_group_metadata(), 30)
        p.commit_transaction(30)
        say("relayed", records=len(found))
    c.close()


role, wanted = settings()
{"produce": produce, "consume": consume, "transact": transact, "hold": hold, "relay": relay}[role](wanted)
