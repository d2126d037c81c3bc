"""Reading a changelog partition to its end, and writing to it a batch at a time.

Reading. The end is the greater of two answers: the high watermark of the first fetch response after the assignment, and
ListOffsets(latest). Either alone can be too low: the embedded broker's ListOffsets after batches of several records, a
high watermark just after a partition's leader changed. Keys are collected raw, the last one wins. Uncommitted records
are read too: we write without transactions, and a stranger's open transaction must not hide what we wrote behind it.

Writing. A record batch arrives whole or not at all. Where one is not enough the last one, which carries the position
mark, is sent only after the others were confirmed: a mark must never stand where its state does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

Change = tuple[bytes, bytes | None]

FETCH_BYTES = 4 << 20
CHUNK = 20_000


class Contents(NamedTuple):
    """What was read: the last value of each key, the offset after the last record, and how many records there were."""

    latest: dict[TopicPartition, dict[bytes, bytes | None]]
    ends: dict[TopicPartition, int]
    total: int


class Landed(NamedTuple):
    """Where a written batch landed: its first offset and its number of records."""

    offset: int
    records: int


async def read(
    client: Mapping[str, Any],
    starts: Mapping[TopicPartition, int],
    beat: Callable[[], None],
    end: int | None = None,
) -> Contents:
    """Read each partition from its start offset to `end`, or to its end as of now. `beat` is called on progress."""
    consumer = AIOKafkaConsumer(
        **client,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=100,
    )
    await consumer.start()
    try:
        consumer.assign(list(starts))
        for tp, offset in starts.items():
            if offset:
                consumer.seek(tp, offset)
        told = dict.fromkeys(starts, end) if end is not None else await consumer.end_offsets(list(starts))
        return await _drain(consumer, starts, told, beat, exact=end is not None)
    finally:
        await consumer.stop()


async def _drain(
    consumer: AIOKafkaConsumer,
    starts: Mapping[TopicPartition, int],
    told: Mapping[TopicPartition, int],
    beat: Callable[[], None],
    exact: bool,
) -> Contents:
    contents = Contents({tp: {} for tp in starts}, {}, 0)
    ends: dict[TopicPartition, int] = {}
    total, todo = 0, set(starts)
    while todo:
        got = await consumer.getmany(*todo, timeout_ms=100, max_records=CHUNK)
        for tp, records in got.items():
            contents.latest[tp].update((r.key, r.value) for r in records if r.key is not None)
            total += len(records)
        for tp in tuple(todo):
            watermark = consumer.highwater(tp)
            if watermark is not None:
                ends.setdefault(tp, told[tp] if exact else max(told[tp], watermark))
            position = await consumer.position(tp)
            if tp in ends and position >= ends[tp]:
                contents.ends[tp] = position
                todo.discard(tp)
                consumer.pause(tp)
        if got:
            beat()
    return contents._replace(total=total)


async def append(
    producer: AIOKafkaProducer, topic: str, partition: int, changes: Sequence[Change], patience: float
) -> list[Landed]:
    """Write the changes in order and wait, at most `patience` seconds a round, until the broker has confirmed all."""
    batches = _pack(producer, changes)
    async with asyncio.timeout(patience):
        first = [await producer.send_batch(batch, topic, partition=partition) for batch, _ in batches[:-1]]
        metadata = await asyncio.gather(*first)
    async with asyncio.timeout(patience):
        metadata.append(await (await producer.send_batch(batches[-1][0], topic, partition=partition)))
    landed = [Landed(md.offset, count) for md, (_, count) in zip(metadata, batches, strict=True)]
    if any(batch.offset < 0 for batch in landed):
        # A repeat of a repeat: the broker has the batch but no longer knows where. A restart reads it back.
        raise RuntimeError(f"the broker cannot say where a changelog batch of {topic}[{partition}] landed")
    return landed


def _pack(producer: AIOKafkaProducer, changes: Sequence[Change]) -> list[tuple[Any, int]]:
    """The changes as full batches, each with its number of records. A batch always takes its first record."""
    batches: list[tuple[Any, int]] = []
    builder, count = producer.create_batch(), 0
    for key, value in changes:
        if builder.append(key=key, value=value, timestamp=None) is None:
            batches.append((builder, count))
            builder, count = producer.create_batch(), 0
            builder.append(key=key, value=value, timestamp=None)
        count += 1
    batches.append((builder, count))
    return batches
