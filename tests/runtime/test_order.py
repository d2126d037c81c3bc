"""The order of a step, seen by a producer that writes down what it is given and a group that takes or refuses."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import pytest
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

    async def commit(self, lanes: Sequence[Lane]) -> None:
        self.log.append("commit")
        for lane in lanes:
            if self.refuses:
                lane.lost = repr(CommitFailedError("rebalanced"))
            else:
                lane.committed, lane.member_at = lane.safe, time.monotonic()

    async def deliver(self, effects: Sequence[Effect]) -> None:
        self.log.append(("effects", [e.key for e in effects]))
        await asyncio.sleep(0.001)
        self.log.append(("ok", "effects"))

    async def recovery_done(self, partition: int) -> None:
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
        options = ({"name": "a"}, {"name": "open", "changelog": "open", "leads": True}, {"name": "b"})
        tables = [Table(app, changelog=o.pop("changelog", str(o["name"])), **o) for o in map(dict[str, Any], options)]
        self.producer = Producer(size)
        self.crew = Crew(self.producer.log)
        ledger = Ledger(0, tables, self.producer, {}, 5.0)
        self.a, self.open, self.b = (ledger.slices[table] for table in tables)
        self.tp = TopicPartition("in", 0)
        self.lane = Lane(ledger, {self.tp: Channel(agent)}, None, None, self.crew, app.settings, 10.0)  # type: ignore[dict-item]
        self.lane.offsets = {self.tp: 0}
        self.lane.safe = {self.tp: 0}

    async def step(self, *offsets: int) -> list[Any]:
        """One step; what was sent and confirmed by it."""
        before = len(self.producer.log)
        await self.lane._step(self.lane.inputs[self.tp], Batch(0, "in", [Record(o) for o in offsets]))
        return self.producer.log[before:]


async def test_leading_puts_then_effects_then_tombstones_and_tables_with_the_mark_last() -> None:
    async def agent(batch: Batch) -> None:
        house.a.put(b"k", b"1")
        house.b.put(b"l", b"2")
        house.open.put(b"new", b"x")
        house.open.pop(b"old")
        batch.send("said", b"e", b"")

    house = House(agent)
    house.open.data[b"old"] = b"y"
    assert await house.step(4) == [
        ("open", [(b"new", b"x")]),
        ("ok", "open"),
        ("effects", [b"e"]),
        ("ok", "effects"),
        ("open", [(b"old", None)]),
        ("ok", "open"),
        ("b", [(b"l", b"2")]),
        ("ok", "b"),
        ("a", [(b"k", b"1"), (MARK, b"*")]),
        ("ok", "a"),
    ]
    assert house.lane.safe == {house.tp: 5}
    assert house.lane.ledger.marks == {"in": 5}


async def test_what_comes_and_goes_in_one_step_is_said_on_both_sides_of_the_effects() -> None:
    async def agent(batch: Batch) -> None:
        house.open.put(b"flash", b"x")
        house.open.pop(b"flash")
        batch.send("said", b"e", b"")

    house = House(agent)
    sent = [entry for entry in await house.step(0) if entry[0] != "ok"]
    assert sent == [
        ("open", [(b"flash", b"x")]),
        ("effects", [b"e"]),
        ("open", [(b"flash", None)]),
        ("a", [(MARK, b"*")]),
    ]


async def test_effects_alone_write_a_mark_and_a_step_without_any_does_not() -> None:
    async def agent(batch: Batch) -> None:
        if batch.records[0].offset == 1:
            batch.send("said", b"e", b"")

    house = House(agent)
    assert await house.step(0) == []
    assert await house.step(1) == [("effects", [b"e"]), ("ok", "effects"), ("a", [(MARK, b"*")]), ("ok", "a")]


async def test_the_mark_is_sent_only_when_the_batches_before_it_are_confirmed() -> None:
    async def agent(batch: Batch) -> None:
        for n in range(5):
            house.a.put(b"%d" % n, b"")

    house = House(agent, size=2)
    sent = await house.step(0)
    assert sent[-2:] == [("a", [(b"4", b""), (MARK, b"*")]), ("ok", "a")]
    assert sent[:-2] == [("a", [(b"0", b""), (b"1", b"")]), ("a", [(b"2", b""), (b"3", b"")]), ("ok", "a"), ("ok", "a")]


async def test_an_agents_error_lets_nothing_out() -> None:
    async def agent(batch: Batch) -> None:
        house.a.put(b"k", b"1")
        batch.send("said", b"e", b"")
        raise RuntimeError("boom")

    house = House(agent)
    with pytest.raises(RuntimeError, match="boom"):
        await house.step(4)
    assert house.producer.log == []
    assert house.lane.safe == {house.tp: 0}
    assert not house.lane.clean


async def test_an_old_word_is_renewed_before_anything_is_said_and_a_refusal_ends_the_lane() -> None:
    async def agent(batch: Batch) -> None:
        house.open.put(b"new", b"x")
        batch.send("said", b"e", b"")

    house = House(agent)
    house.lane.member_at = time.monotonic() - 6
    assert (await house.step(0))[0] == "commit"
    house.lane.member_at = time.monotonic() - 6
    house.crew.refuses = True
    with pytest.raises(Exception, match="rebalanced"):
        await house.step(1)
    assert house.producer.log[-1] == "commit"
    assert house.lane.safe == {house.tp: 1}


async def test_a_lane_that_closes_lets_its_step_end_and_commits_it() -> None:
    async def agent(batch: Batch) -> None:
        await asyncio.sleep(0.05)
        house.a.put(b"k", b"1")

    house = House(agent)
    step = asyncio.ensure_future(house.step(4))
    await asyncio.sleep(0.01)
    await house.lane.close(5.0)
    await step
    assert house.producer.log[-1] == "commit"
    assert house.lane.committed == {house.tp: 5}
    assert house.lane.clean


async def test_a_lane_whose_step_does_not_end_is_not_clean() -> None:
    async def agent(batch: Batch) -> None:
        await asyncio.sleep(60)

    house = House(agent)
    step = asyncio.ensure_future(house.step(4))
    await asyncio.sleep(0.01)
    await house.lane.close(0.05)
    assert not house.lane.clean
    assert house.producer.log == []
    step.cancel()


async def test_a_wish_to_be_woken_lasts_until_a_tick_has_served_it() -> None:
    wishes = iter([None, 50.0])

    async def agent(batch: Batch) -> None:
        batch.wake_at = next(wishes, None)

    house = House(agent)
    seen = []
    for topic, known in (("in", 10.0), ("in", 10.0), (None, 49.0), (None, 50.0)):
        batch = Batch(0, topic, [Record(0)] if topic else [], known)
        await house.lane._step(house.lane.inputs[house.tp], batch)
        seen.append(house.lane.wake_at)
    assert seen == [None, 50.0, 50.0, None]
