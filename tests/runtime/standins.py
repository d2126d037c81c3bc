"""Stand-ins around one lane: a producer that writes down what it is given, a group that takes or refuses commits."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError

from streams.runtime import App, Batch, Table
from streams.runtime.batch import Effect
from streams.runtime.lane import Lane
from streams.runtime.ledger import MARK, Ledger

Agent = Callable[[Batch], Awaitable[None]]


class Metadata(NamedTuple):
    offset: int


class Builder:
    def __init__(self, size: int) -> None:
        self.size, self.records = size, list[tuple[bytes, bytes | None]]()

    def append(self, *, key: bytes, value: bytes | None, timestamp: None) -> object:
        if len(self.records) == self.size:
            return None
        self.records.append((key, value))
        return self


class Producer:
    """Confirms a batch a turn of the loop later. `log`: what was sent, and `ok` where it was confirmed."""

    def __init__(self, size: int = 100) -> None:
        self.size, self.log, self.ends = size, list[Any](), dict[str, int]()

    def create_batch(self) -> Builder:
        return Builder(self.size)

    async def send_batch(self, batch: Builder, topic: str, *, partition: int) -> asyncio.Future[Metadata]:
        offset = self.ends.setdefault(topic, 0)
        self.ends[topic] += len(batch.records)
        self.log.append((topic, [(k, v if k != MARK else b"*") for k, v in batch.records]))
        return asyncio.ensure_future(self.confirm(topic, offset))

    async def confirm(self, topic: str, offset: int) -> Metadata:
        await asyncio.sleep(0.001)
        self.log.append(("ok", topic))
        return Metadata(offset)


class Crew:
    """Effects go into the producer's log. `refuses`: commits fail as a rebalanced group's do."""

    def __init__(self, log: list[Any]) -> None:
        self.log, self.refuses, self.failed = log, False, list[str]()

    async def claim(self, ledger: Ledger) -> None:
        self.log.append(("claimed", ledger.partition))

    async def commit(self, lanes: Sequence[Lane]) -> None:
        self.log.append("commit")
        for lane in lanes:
            if self.refuses:
                lane.lost = repr(CommitFailedError("rebalanced"))
            else:
                lane.accepted(lane.safe, time.monotonic())

    def unread(self, topic: str, count: int) -> None:
        self.log.append(("unread", topic, count))

    def hurry(self) -> None:
        self.log.append("hurry")

    async def deliver(self, ledger: Ledger, effects: Sequence[Effect]) -> None:
        self.log.append(("effects", [e.key for e in effects]))
        await asyncio.sleep(0.001)
        self.log.append(("ok", "effects"))

    async def recovery_done(self, partition: int, aside: Sequence[Any]) -> None:
        self.log.append(("recovered", partition))

    def fail(self, error: Exception, where: str) -> None:
        self.failed.append(f"{where}: {error}")


class Channel:
    """An agent's channel: the agent answers in a task of its own."""

    def __init__(self, agent: Agent) -> None:
        self.agent, self.tasks = agent, set[asyncio.Task[None]]()

    async def send(self, *, value: Batch) -> None:
        task = asyncio.ensure_future(self.answer(value))
        self.tasks.add(task)

    async def answer(self, batch: Batch) -> None:
        with contextlib.suppress(RuntimeError):  # the batch carries it
            async with batch:
                await self.agent(batch)


class Record(NamedTuple):
    offset: int
    topic: str = "in"
    partition: int = 0
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = None
    headers: tuple[()] = ()


class House:
    """A lane on stand-ins, with the tables a and b that do not lead and `open` that does."""

    def __init__(self, agent: Agent, size: int = 100) -> None:
        app = App("unit", broker="kafka://127.0.0.1:1")
        options: list[dict[str, Any]] = [{"name": "a"}, {"name": "open", "leads": True}, {"name": "b"}]
        tables = [Table(app, changelog=o["name"], **o) for o in options]
        self.producer = Producer(size)
        self.crew = Crew(self.producer.log)
        ledger = Ledger(0, tables, {}, 5.0)
        ledger.producer = self.producer
        self.a, self.open, self.b = (ledger.slices[table] for table in tables)
        self.tp = TopicPartition("in", 0)
        self.lane = Lane(ledger, {self.tp: Channel(agent)}, None, None, self.crew, app.settings, 10.0, app.steady)  # type: ignore[dict-item]
        self.lane.offsets = {self.tp: 0}
        self.lane.safe = {self.tp: 0}

    async def step(self, *offsets: int) -> list[Any]:
        """One step; what was sent and confirmed by it."""
        before = len(self.producer.log)
        await self.lane._step(self.lane.inputs[self.tp], Batch(0, "in", [Record(o) for o in offsets]))
        return self.producer.log[before:]


class Group:
    """A consumer whose group has committed offset 3."""

    def __init__(self) -> None:
        self.at = 3

    async def position(self, tp: TopicPartition) -> int:
        return self.at

    async def committed(self, tp: TopicPartition) -> int | None:
        return self.at

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.at = offset
