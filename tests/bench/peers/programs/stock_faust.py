"""faust-streaming as it comes: an agent, a table with its changelog topic, a timer.

A table may be written in an agent only, while it has an event of that partition; so the timer, which knows what is
near, remembers what it alerted on beside the table. After a restart it alerts on the same again.
"""

from __future__ import annotations

import heapq
import sys
import time
from collections.abc import AsyncIterator

import faust
import job

counts = job.Counts()
app = faust.App(
    job.GROUP,
    broker=f"kafka://{job.BOOTSTRAP}",
    store="memory://",
    topic_partitions=job.PARTITIONS,
    datadir=job.FOLDER,
    web_enabled=False,
    broker_commit_interval=1.0,
    consumer_auto_offset_reset="earliest",
)
events = app.topic(job.TOPIC, key_type=bytes, value_type=bytes, value_serializer="raw")
alerts = app.topic(job.ALERTS, key_type=bytes, value_type=bytes, value_serializer="raw")
due = app.Table("due", key_type=str, value_type=float)
heap: list[tuple[float, str]] = []
alerted: set[str] = set()


@due.on_recover
async def rebuilt() -> None:
    """The heap is not in the table."""
    heap[:] = [(at - job.WITHIN + job.NEAR, item) for item, at in due.items()]
    heapq.heapify(heap)


@app.agent(events)
async def watch(stream: AsyncIterator[bytes]) -> None:
    async for value in stream:
        counts.begin()
        item, opened, at = job.read(value)
        if opened:
            due[item] = at + job.WITHIN
            heapq.heappush(heap, (at + job.NEAR, item))
        elif item in due:
            until = due.pop(item)
            counts.judge(at > until)
            if item in alerted:
                alerted.discard(item)
                await alerts.send(key=item.encode(), value=job.alert(item, until, "resolved"))


@app.timer(1.0)
async def near() -> None:
    while heap and heap[0][0] <= time.time():
        _, item = heapq.heappop(heap)
        if item in due and item not in alerted:
            alerted.add(item)
            await alerts.send(key=item.encode(), value=job.alert(item, due[item], "firing"))


if __name__ == "__main__":
    counts.tell()
    sys.argv[1:] = ["worker", "--loglevel", "warn", "--without-web"]
    app.main()
