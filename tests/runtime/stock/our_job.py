"""Our half of the stories: the same records and faults as in `stock_job`, one story for each worker (JOB_STORY)."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

from faust.types import StreamT

from streams.runtime import App, Batch, Table

PREFIX = os.environ.get("JOB_PREFIX", "ours")
STORY = os.environ.get("JOB_STORY", "raised")
FIRST = os.environ.get("JOB_LIFE", "1") == "1"

app = App(
    f"{PREFIX}.app",
    broker=os.environ.get("JOB_BROKER", "kafka://127.0.0.1:9092"),
    topic_partitions=2,
    datadir=os.environ.get("JOB_DATADIR", "."),
    web_port=int(os.environ.get("JOB_PORT", "6066")),
    web_bind="127.0.0.1",
    broker_session_timeout=2.0,
    broker_heartbeat_interval=0.4,
)
sizes: Table = app.Table("sizes")  # type: ignore[assignment] # faust.App.Table knows only of its own kind


@app.agent(app.batches(f"{PREFIX}.{STORY}"))
async def work(stream: StreamT[Batch]) -> None:
    async for batch in stream:
        async with batch:
            for record in batch.records:
                await take(batch, record.value or b"")


async def take(batch: Batch, value: bytes) -> None:
    try:
        record = json.loads(value)
    except ValueError:
        batch.send(f"{PREFIX}.out", b"k", f"{STORY}:dead".encode())
        return
    if FIRST and (STORY, record) == ("raised", 2):
        raise RuntimeError("a fault that passes")
    if FIRST and (STORY, record) == ("passed", 0):
        await asyncio.sleep(3600)
    if STORY == "refused":
        sizes.slice(batch.partition).put(b"k%d" % record, b"x" * 5000)
    batch.send(f"{PREFIX}.out", b"k", f"{STORY}:{record}".encode())


@app.page("/status/")
async def status(view: Any, request: Any) -> Any:
    return view.json({"lanes": app.lanes.status()})
