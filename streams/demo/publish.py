"""Sending what the portal says to the topics of the workflows, when the clock says so.

Theory of operation. The stream is in order of time. All records whose time has come are sent, and their confirmation is
awaited; then it sleeps until the next one's time. So a backlog goes out in one burst, nothing is sent ahead of the
clock (it would be refused as `future`), and a broker that falters stops the portal rather than losing its events. The
key is the item and the partitioner aiokafka's default (murmur2), as any Kafka client would do it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.topics import INPUTS
from streams.clock import Clock
from streams.demo.portal import Record

BATCH: Final = 500
"""Most records that are sent before their confirmation is awaited."""


def encoded(record: Record) -> bytes:
    """The CloudEvent in structured JSON mode."""
    return msgspec.json.encode(record.event)


async def publish(
    records: Iterator[Record],
    clock: Clock,
    client: Mapping[str, Any],
    prefix: str,
    *,
    sent: Callable[[int], None] = lambda _: None,
) -> None:
    """Send records as the clock reaches them, until there are no more.

    Args:
        records: in order of time.
        client: options of an aiokafka client.
        prefix: of the topic names.
        sent: told how many were confirmed, after each burst.

    Raises:
        aiokafka.errors.KafkaError: the broker cannot be reached, or refuses a record.
    """
    topics = {workflow: topic.name(prefix) for workflow, topic in INPUTS.items()}
    producer = AIOKafkaProducer(**client, acks="all", linger_ms=5)
    await producer.start()
    try:
        async for due in bursts(records, clock):
            await _send(producer, due, topics)
            sent(len(due))
    finally:
        await producer.stop()


async def bursts(records: Iterator[Record], clock: Clock) -> AsyncIterator[list[Record]]:
    """Records in lists of those whose time has come together, each list when it has; at most `BATCH` in one."""
    due: list[Record] = []
    for record in records:
        if due and (len(due) >= BATCH or record.at > clock.now()):
            yield due
            due = []
        await _until(clock, record.at)
        due.append(record)
    if due:
        yield due


async def _until(clock: Clock, at: int) -> None:
    """Sleep until the clock shows `at` (microseconds)."""
    await asyncio.sleep(max(0.0, at - clock.now()) / 1e6 / clock.rate)


async def _send(producer: AIOKafkaProducer, due: list[Record], topics: Mapping[str, str]) -> None:
    confirmed = [
        await producer.send(topics[record.workflow], encoded(record), key=record.key.encode()) for record in due
    ]
    await asyncio.gather(*confirmed)
