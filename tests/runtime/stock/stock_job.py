"""Stock Faust's half of the stories: one agent for each, written as Faust's own guide would have it.

Records are numbers. A fault strikes in the worker's first life only, so whoever loses nothing has worked off every
record in the end. What was worked off goes to `<prefix>.out` as `<story>:<record>`.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import faust
from faust.types import StreamT

PREFIX = os.environ.get("JOB_PREFIX", "stock")
FIRST = os.environ.get("JOB_LIFE", "1") == "1"

app = faust.App(
    f"{PREFIX}.app",
    broker=os.environ.get("JOB_BROKER", "kafka://127.0.0.1:9092"),
    store="memory://",
    processing_guarantee=os.environ.get("JOB_GUARANTEE", "at_least_once"),
    topic_partitions=2,
    topic_disable_leader=True,
    datadir=os.environ.get("JOB_DATADIR", "."),
    web_port=int(os.environ.get("JOB_PORT", "6066")),
    web_bind="127.0.0.1",
    broker_session_timeout=2.0,
    broker_heartbeat_interval=0.4,
    broker_commit_interval=0.3,
)
out = app.topic(f"{PREFIX}.out", key_serializer="raw", value_serializer="raw")
sizes = app.Table("sizes", partitions=2)


def source(story: str) -> Any:
    return app.topic(f"{PREFIX}.{story}", value_serializer="json")


async def done(story: str, record: int) -> None:
    await out.send(key=b"k", value=f"{story}:{record}".encode())


@app.agent(source("raised"))
async def raised(stream: StreamT[int]) -> None:
    async for record in stream:
        if record == 2 and FIRST:
            raise RuntimeError("a fault that passes")
        await done("raised", record)


@app.agent(source("taken"))
async def taken(stream: StreamT[int]) -> None:
    async for records in stream.take(3, within=30):
        for record in records:
            if record == 0 and FIRST:
                raise RuntimeError("a fault that passes")
            await done("taken", record)


@app.agent(source("poisoned"))
async def poisoned(stream: StreamT[int]) -> None:
    async for records in stream.take(1, within=30):
        await done("poisoned", records[0])


@app.agent(source("passed"), concurrency=2)
async def passed(stream: StreamT[int]) -> None:
    async for record in stream:
        if record == 0 and FIRST:
            await asyncio.sleep(3600)
        await done("passed", record)


@app.agent(source("refused"))
async def refused(stream: StreamT[int]) -> None:
    async for record in stream:
        sizes[f"k{record}"] = "x" * 5000
        await done("refused", record)
