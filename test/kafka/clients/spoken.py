"""What the Python clients have in common: the lines of JSON that they speak with the test. doc.go describes them."""

import json
import select
import sys
import threading

say_lock = threading.Lock()


def say(kind, **what):
    with say_lock:
        print(json.dumps({"kind": kind, **what}), flush=True)


def settings():
    """The role that this process plays, and its settings."""
    return sys.argv[1], json.loads(sys.argv[2])


def record(number):
    """Key and value of the record of a number."""
    return b"k%d" % (number % 17), b'{"id": %d, "pad": "%s"}' % (number, b"x" * 64)


def got(key, value, headers, partition, offset):
    """Reports one record that was read."""
    say("got", id=json.loads(value)["id"], key=key.decode(), header=dict(headers)["from"].decode(),
        partition=partition, offset=offset)


def told():
    """Whether the test has said something, or that it is time to end, without waiting for it."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


def transactions(s):
    """The transactions to make: number, ids, whether to commit it."""
    for n in range(s["count"] // s["size"]):
        first = s["first"] + n * s["size"]
        yield n, range(first, first + s["size"]), (n + 1) % s["abort_every"] != 0
