"""Acknowledgement in stock Faust's classes: what a commit covers, and what a flush waits for. Ours next to them."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import faust
import pytest
from aiokafka import TopicPartition
from faust.transport.consumer import Consumer, TransactionManager
from faust.transport.producer import ProducerBuffer
from faust.types import TP, Message

from streams.runtime import Batch
from streams.runtime.batch import Effect
from streams.runtime.writers import deliver
from tests.runtime.standins import House

AT = TP("in", 0)
SLOW = 0.25  # seconds to publish one message


@pytest.fixture
def app() -> faust.App:
    return faust.App("stock", broker="kafka://127.0.0.1:1")


def message(offset: int) -> Message:
    return Message("in", 0, offset, 0.0, 0, [], b"k", b"v", None, tp=AT)


async def consumer_of(app: faust.App, committed: int | None, offsets: range) -> Any:
    """A consumer that has read these offsets and has acknowledged all but the first."""
    never: Any = print  # what would be called at messages and rebalances
    consumer: Any = app.transport.create_consumer(never, on_partitions_revoked=never, on_partitions_assigned=never)
    conductor: Any = app.topics
    conductor._acking_topics.add("in")
    consumer._committed_offset[AT] = committed
    tracked = [message(offset) for offset in offsets]
    for one in tracked:
        consumer.track_message(one)
    for one in tracked[1:]:
        assert consumer.ack(one)
    return consumer


@pytest.mark.parametrize(("committed", "start"), [(None, 0), (0, 0), (7, 7)])
async def test_stock_commits_past_a_gap_at_the_head(app: faust.App, committed: int | None, start: int) -> None:
    """The first record after what is committed is not worked off, and the offset goes past it."""
    consumer = await consumer_of(app, committed, range(start, start + 4))
    assert isinstance(consumer, Consumer)
    assert consumer._new_offset(AT) == start + 4


async def test_ours_an_offset_waits_for_its_record_and_for_all_before_it() -> None:
    """There is no list with gaps: a lane has one step at hand, and what can be committed is a copy made after it."""
    come_back = asyncio.Event()

    async def agent(batch: Batch) -> None:
        if batch.records[0].offset == 0:
            await come_back.wait()

    house = House(agent)
    first = asyncio.ensure_future(house.step(0))
    second = asyncio.ensure_future(house.step(1, 2, 3))
    await asyncio.sleep(0.02)
    assert house.lane.safe == {house.tp: 0}
    come_back.set()
    await asyncio.gather(first, second)
    assert house.lane.safe == {house.tp: 4}


class SlowChannel:
    """Publishes a message in SLOW seconds."""

    def __init__(self) -> None:
        self.published = 0

    async def publish_message(self, future: Any, wait: bool) -> None:
        await asyncio.sleep(SLOW)
        self.published += 1


class Pending:
    def __init__(self, channel: SlowChannel) -> None:
        self.message = self
        self.channel = channel


async def test_stock_flush_gives_up_after_a_tenth_of_a_second(app: faust.App) -> None:
    buffer, channel = ProducerBuffer(), SlowChannel()
    buffer.app = app
    async with buffer:
        for _ in range(4):
            buffer.put(Pending(channel))  # type: ignore[arg-type] # a stand-in
        await asyncio.wait_for(buffer.flush(), SLOW)
        assert channel.published == 0
        assert buffer.size >= 3, "flushed, it says; nothing was sent"
        while buffer.size:
            buffer.pending.get_nowait()


class SlowProducer:
    """As SlowChannel, for our lanes: each send is confirmed SLOW seconds later."""

    def __init__(self) -> None:
        self.confirmed = 0

    async def send(self, *arguments: Any) -> asyncio.Future[None]:
        return asyncio.ensure_future(self.confirm())

    async def confirm(self) -> None:
        await asyncio.sleep(SLOW)
        self.confirmed += 1


async def test_ours_effects_are_delivered_when_all_are_confirmed_however_long_it_takes() -> None:
    producer = SlowProducer()
    await deliver(producer, [Effect("out", b"k", b"v", None, (), None)] * 4, patience=60.0)
    assert producer.confirmed == 4


async def test_ours_a_send_that_is_never_confirmed_fails() -> None:
    producer = SlowProducer()
    with pytest.raises(TimeoutError):
        await deliver(producer, [Effect("out", b"k", b"v", None, (), None)], patience=SLOW / 2)
    assert producer.confirmed == 0


async def test_stock_exactly_once_takes_an_offset_for_committed_that_it_never_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A transaction whose producer was fenced and dropped: its commit is a warning, and is answered with True."""
    app = faust.App("stock", broker="kafka://127.0.0.1:1", processing_guarantee="exactly_once")
    producer: Any = app.transport.create_producer()
    producer._trn_locks["stock-0-0"] = asyncio.Lock()
    assignor: Any = app.assignor
    assignor._topic_groups["in"] = 0
    manager = TransactionManager(app.transport, consumer=None, producer=producer)  # type: ignore[arg-type] # not asked
    with caplog.at_level(logging.WARNING):
        assert await manager.commit({AT: 5}) is True
    assert "Commit invoked for unknown transaction stock-0-0" in caplog.text


async def test_ours_a_commit_that_is_refused_loses_the_lane() -> None:
    async def agent(batch: Batch) -> None:
        batch.send("out", b"k", b"v")

    house = House(agent)
    house.crew.refuses = True
    await house.step(0)
    await house.lane.close(1.0)
    assert house.lane.lost is not None
    assert house.lane.committed == {}
    assert TopicPartition("in", 0) in house.lane.safe
