"""Quix Streams: a stateful function over the messages' own keys, state in RocksDB with a changelog topic.

Quix has no timers: what is near is looked at as messages come, in a heap beside the state. State can be read by its own
key alone, so after a restart the heap holds only what is opened from then on, and no alert of before is taken back.
"""

from __future__ import annotations

import heapq
import time
from typing import Any

import job
from quixstreams import Application, State

counts = job.Counts()
heap: list[tuple[float, str]] = []
open_items: dict[str, float] = {}
alerted: set[str] = set()


def watch(event: dict[str, Any], state: State) -> list[dict[str, Any]]:
    """The alerts that follow from an event."""
    counts.begin()
    said = []
    item, at = event["subject"], job.seconds(event["time"])
    if event["type"] == job.SENT:
        due = at + job.WITHIN
        state.set("due", due)
        open_items[item] = due
        heapq.heappush(heap, (at + job.NEAR, item))
    elif (due := state.get("due")) is not None:
        state.delete("due")
        open_items.pop(item, None)
        counts.judge(at > due)
        if item in alerted:
            alerted.discard(item)
            said.append({"item": item, "due": due, "state": "resolved"})
    said.extend(near())
    return said


def near() -> list[dict[str, Any]]:
    said = []
    while heap and heap[0][0] <= time.time():
        _, item = heapq.heappop(heap)
        if item in open_items and item not in alerted:
            alerted.add(item)
            said.append({"item": item, "due": open_items[item], "state": "firing"})
    return said


def main() -> None:
    app = Application(
        broker_address=job.BOOTSTRAP,
        consumer_group=job.GROUP,
        auto_offset_reset="earliest",
        commit_interval=1.0,
        state_dir=job.FOLDER,
        loglevel="WARNING",
    )
    frame = app.dataframe(app.topic(job.TOPIC, value_deserializer="json"))
    said = frame.apply(watch, stateful=True, expand=True)
    said.to_topic(app.topic(job.ALERTS, value_serializer="json"), key=lambda alert: alert["item"].encode())
    counts.tell()
    app.run()


if __name__ == "__main__":
    main()
