"""What a record costs: tasks and futures made, counted by the loop itself. Not a matter of how fast the machine is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import faust
import pytest
from aiokafka import TopicPartition
from faust.types import TP, Message

from streams.runtime import Batch
from tests.runtime.standins import House, Record

AT = TP("in", 0)


class Count:
    """What the running loop was asked to make."""

    def __init__(self) -> None:
        self.tasks = self.futures = 0


@contextmanager
def counting() -> Iterator[Count]:
    loop, count = asyncio.get_running_loop(), Count()
    make: Callable[[], asyncio.Future[Any]] = loop.create_future

    def task(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
        count.tasks += 1
        return asyncio.Task(coro, loop=loop, **options)

    def future() -> asyncio.Future[Any]:
        count.futures += 1
        return make()

    loop.set_task_factory(task)
    loop.create_future = future  # type: ignore[method-assign]
    try:
        yield count
    finally:
        loop.set_task_factory(None)
        del loop.create_future  # the class's own comes back


async def stock(records: int) -> Count:
    """Stock Faust's consumer drains one fetch of so many records, to agents that take no time at all."""
    app = faust.App("stock", broker="kafka://127.0.0.1:1")

    async def agents(message: Message) -> None:
        """Takes no time."""

    async def fetch(**options: float) -> AsyncIterator[tuple[TP, Message]]:
        for offset in range(records):
            yield AT, Message("in", 0, offset, 0.0, 0, [], b"k", b"v", None, tp=AT)
        consumer._stopped.set()

    consumer: Any = app.transport.create_consumer(agents, on_partitions_revoked=agents, on_partitions_assigned=agents)
    consumer.getmany = fetch
    with counting() as count:
        await consumer._drain_messages(app._fetcher)
    assert consumer._read_offset[AT] == records - 1
    return count


class Fetch:
    """A group consumer with one fetch of so many records."""

    def __init__(self, records: int) -> None:
        self.records = [Record(offset) for offset in range(records)]

    async def getmany(self, *inputs: TopicPartition, **options: Any) -> dict[TopicPartition, list[Record]]:
        return {inputs[0]: self.records}

    async def position(self, tp: TopicPartition) -> int:
        return len(self.records)

    def highwater(self, tp: TopicPartition) -> int:
        return len(self.records)

    def last_stable_offset(self, tp: TopicPartition) -> int:
        return len(self.records)

    def last_poll_timestamp(self, tp: TopicPartition) -> None:
        return None


async def ours(records: int) -> Count:
    """A lane's round: one fetch, to an agent that writes one key for each record."""

    async def agent(batch: Batch) -> None:
        for record in batch.records:
            house.a.put(b"%d" % record.offset, b"v")

    house = House(agent, size=2 * records)
    group: Any = Fetch(records)
    house.lane.group = group
    with counting() as count:
        await house.lane._round()
    assert house.lane.safe == {house.tp: records}
    assert len(house.a) == records
    return count


async def test_stock_makes_tasks_for_each_record() -> None:
    few, many = await stock(10), await stock(1010)
    assert many.tasks - few.tasks >= 2 * 1000
    assert many.futures - few.futures >= 1000


async def test_ours_makes_as_many_for_a_thousand_records_as_for_ten() -> None:
    few, many = await ours(10), await ours(1010)
    assert (many.tasks, many.futures) == (few.tasks, few.futures)


@pytest.mark.parametrize("records", [1, 1000])
async def test_ours_a_round_takes_a_hand_full(records: int) -> None:
    count = await ours(records)
    assert count.tasks + count.futures < 20
