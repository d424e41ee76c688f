"""Reads the WebSocket as a Python user does: the message of each second, and one subscription.

Usage: realtime.py URL. Prints one line of JSON about what it saw."""

import asyncio
import json
import sys

import websockets


async def main(url):
    base, points = 0, []
    async with websockets.connect(url) as socket:
        await socket.send(json.dumps({"op": "subscribe", "id": "a", "channel": "metrics", "names": ["cpu_core_usage"]}))
        while base < 3 or not points:
            message = json.loads(await asyncio.wait_for(socket.recv(), 15))
            if "op" in message:
                assert message["op"] == "subscribed" and message["id"] == "a", message
            elif "channel" in message:
                assert message["id"] == "a" and message["channel"] == "metrics", message
                points = message["points"]
            else:
                assert set(message["metrics"]) == {"cpu", "memory", "requests_per_second"}, message
                base += 1
    print(json.dumps({"base": base, "metrics": sorted({p["metric"] for p in points})}))


asyncio.run(main(sys.argv[1]))
