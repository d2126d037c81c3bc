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
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import CorruptRecordException
from mode import get_logger

from streams.runtime import lenient
from streams.runtime.batch import Record
from streams.runtime.damage import NO_CURE, Damaged

Change = tuple[bytes, bytes | None]
Beat = Callable[[int, int], None]
"""Called on progress with the offsets read so far, and how many there are to be read."""

FETCH_BYTES = 4 << 20
CHUNK = 20_000
PROBE_MS = 500

log = get_logger(__name__)


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
    beat: Beat,
    end: int | None = None,
    skip: bool = False,
    bare: Collection[TopicPartition] = (),
) -> Contents:
    """Read each partition from its start offset to `end`, or to its end as of now.

    Damaged if a batch fails its checksum, unless told to skip those. `bare`: partitions read into empty slices, of
    which keys that are gone are not given: until a broker compacts it, a changelog has one for each that ever was.
    """
    contents = Contents({tp: {} for tp in starts}, {}, 0)
    total = 0

    def take(tp: TopicPartition, records: Sequence[Record]) -> None:
        nonlocal total
        latest = contents.latest[tp]
        latest.update((r.key, r.value) for r in records if r.key is not None)
        if tp in bare:
            for key in {r.key for r in records if r.value is None and r.key is not None}:
                if latest[key] is None:  # and did not come back
                    del latest[key]
        total += len(records)

    contents.ends.update(await _pass(client, starts, take, beat, end, skip))
    return contents._replace(total=total)


async def find(
    client: Mapping[str, Any], tp: TopicPartition, keys: Collection[bytes], start: int, end: int
) -> list[Record]:
    """The last record of each of these keys between two offsets, in order of offset."""
    found: dict[bytes, Record] = {}

    def take(_: TopicPartition, records: Sequence[Record]) -> None:
        found.update((r.key, r) for r in records if r.key is not None and r.key in keys)

    await _pass(client, {tp: start}, take, lambda _read, _of: None, end, skip=True)
    return sorted(found.values(), key=lambda record: record.offset)


async def tail(
    client: Mapping[str, Any],
    tp: TopicPartition,
    keep: Callable[[Record], bool],
    enough: Callable[[Record], bool],
    strides: Sequence[int] = (1_000, 5_000, 20_000),
) -> list[Record]:
    """Of the last records of a partition those to be kept, in order.

    It is read from farther and farther back, until the first record read is `enough`, and at most the greatest of the
    strides. The embedded broker neither finds offsets by time nor tells ends that are surely right: there it may be
    read from farther back.
    """
    end = await _told_end(client, tp)
    found: list[Record] = []
    for stride in strides:
        found, first = [], list[Record]()

        def take(
            _: TopicPartition, records: Sequence[Record], found: list[Record] = found, first: list[Record] = first
        ) -> None:
            first += records[: not first]
            found += filter(keep, records)

        await _pass(client, {tp: max(0, end - stride)}, take, lambda _read, _of: None, None, skip=True)
        if end <= stride or not first or enough(first[0]):
            break
    return found


async def _told_end(client: Mapping[str, Any], tp: TopicPartition) -> int:
    consumer = AIOKafkaConsumer(**client, group_id=None, enable_auto_commit=False)
    await consumer.start()
    try:
        ends: dict[TopicPartition, int] = await consumer.end_offsets([tp])
        return ends[tp]
    finally:
        await consumer.stop()


async def _pass(
    client: Mapping[str, Any],
    starts: Mapping[TopicPartition, int],
    take: Callable[[TopicPartition, Sequence[Record]], None],
    beat: Beat,
    end: int | None,
    skip: bool,
) -> dict[TopicPartition, int]:
    """Hand over all records; the offsets after the last ones."""
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
        return await _Drain(consumer, starts, told, end is not None, skip).run(take, beat)
    finally:
        await consumer.stop()


class _Drain:
    """Reads a consumer's partitions to their ends. `told`: where ListOffsets puts them, or where they are (`exact`)."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        starts: Mapping[TopicPartition, int],
        told: Mapping[TopicPartition, int],
        exact: bool,
        skip: bool,
    ) -> None:
        self.consumer, self.told, self.exact, self.skip = consumer, told, exact, skip
        self.at = dict(starts)
        self.todo = set(starts)
        self.ends: dict[TopicPartition, int] = {}
        self.step = CHUNK
        self.skipped: dict[TopicPartition, int] = {}  # the offset at which a batch begins that fails its checksum

    async def run(
        self, take: Callable[[TopicPartition, Sequence[Record]], None], beat: Beat
    ) -> dict[TopicPartition, int]:
        begun = sum(self.at.values())
        while self.todo:
            before = dict(self.at)
            got = await self._some()
            for tp, records in got.items():
                take(tp, records)
                self._passed(tp)
            await self._look()
            if got or self.at != before:
                whole = sum(max(self.told[tp], self.ends.get(tp, 0)) for tp in self.told)
                beat(sum(self.at.values()) - begun, whole - begun)
        return {tp: self.at[tp] for tp in self.told}

    async def _look(self) -> None:
        """Where each partition ends and whether we are there."""
        for tp in tuple(self.todo):
            watermark = self.consumer.highwater(tp)
            if watermark is not None:
                self.ends.setdefault(tp, self.told[tp] if self.exact else max(self.told[tp], watermark))
            self.at[tp] = await self.consumer.position(tp)
            if tp in self.ends and self.at[tp] >= self.ends[tp]:
                self.todo.discard(tp)
                self.consumer.pause(tp)
                self._passed(tp)

    async def _some(self) -> dict[TopicPartition, list[Record]]:
        try:
            return dict(await self.consumer.getmany(*self.todo, timeout_ms=100, max_records=self.step))
        except CorruptRecordException:
            await self._corrupt()
            return {}

    async def _corrupt(self) -> None:
        """A batch fails its checksum. aiokafka drops what it had unpacked before it: read that again, one by one."""
        if self.step > 1:
            self.step = 1
            for tp in self.todo:
                self.consumer.seek(tp, self.at[tp])
            return
        for tp in tuple(self.todo):
            position = await self.consumer.position(tp)
            try:
                await self.consumer.getmany(tp, timeout_ms=PROBE_MS, max_records=1)
            except CorruptRecordException:
                if not self.skip:
                    where = f"{tp.topic}[{tp.partition}] at offset {position}"
                    raise Damaged(f"the batch at {where} fails its checksum; {NO_CURE}") from None
                self.skipped.setdefault(tp, position)
                self.consumer.seek(tp, position + 1)
            else:
                self.consumer.seek(tp, position)

    def _passed(self, tp: TopicPartition) -> None:
        """Records again, or the end, after a batch that could not be read: in great strides from here on."""
        begun = self.skipped.pop(tp, None)
        if begun is not None:
            log.error("%s[%s]: the batch at offset %s fails its checksum: skipped", tp.topic, tp.partition, begun)
            self.step = CHUNK


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
    done = 0
    while done < len(changes) or not batches:
        batch = producer.create_batch()
        count = lenient.fill(batch, islice(changes, done, None))
        batches.append((batch, count))
        done += count
    return batches
