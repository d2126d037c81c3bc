"""Dead letters read back: the topic from its beginning to the end that it has when reading begins.

Theory of operation. A plain consumer without a group reads every partition. First all ends are fixed, then all is read
from the beginning up to them: what is appended meanwhile, also what a replay brings back as a new dead letter, is not
seen, so one run ends. The end of a partition is what the first fetch response says (the last stable offset), not
ListOffsets, which the embedded broker answers wrongly. A `Filter` picks letters by what their headers say; no key and
no value is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.deadletters import Letter, Place, parse
from streams.runtime import Record, lenient
from streams.topics import partition_counts

QUIET_MS = 100
"""So long waits a fetch where there is nothing."""
CHUNK = 500
"""Records at once."""
FETCH_BYTES = 4 << 20
"""Of one partition at once: what bounds the memory; a larger record comes alone."""


class Filter(NamedTuple):
    """Which letters are wanted; what is empty or None asks for nothing."""

    reasons: Collection[str] = ()
    topics: Collection[str] = ()
    """Where they came from."""
    since: int | None = None
    """Microseconds: received then or later."""
    places: Collection[Place] = ()

    def wants(self, letter: Letter) -> bool:
        """Whether a letter is one of them: every question that is asked is answered by it."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.topics or letter.topic in self.topics)
            and (self.since is None or letter.received_at >= self.since)
            and (not self.places or letter.place in self.places)
        )


class Read(NamedTuple):
    """A record of the topic; `letter` is None if it is no dead letter of ours."""

    letter: Letter | None
    record: Record


async def counts(client: Mapping[str, Any], names: Collection[str]) -> dict[str, int]:
    """The partition counts of those of these topics that exist. A broker may create what it is asked about."""
    admin = AIOKafkaAdminClient(**client)
    try:
        await admin.start()
        return await partition_counts(admin, list(names))
    finally:
        await admin.close()


class Chosen(NamedTuple):
    """Letters, newest last; the reasons of all that match, shown or not; and records that are no dead letters."""

    letters: list[Letter]
    reasons: Counter[str]
    strangers: int


async def choose(client: Mapping[str, Any], topic: str, wanted: Filter, limit: int | None) -> Chosen:
    """The newest `limit` letters of those that are wanted; all for None."""
    found: list[Letter] = []
    strangers = 0
    async for some in read(client, topic):
        parsed = [each.letter for each in some]
        strangers += parsed.count(None)
        found += [letter for letter in parsed if letter is not None and wanted.wants(letter)]
    found.sort(key=lambda letter: (letter.received_at, *letter.place))
    reasons = Counter(letter.reason for letter in found)
    return Chosen(found if limit is None else found[-limit:], reasons, strangers)


async def read(client: Mapping[str, Any], topic: str) -> AsyncIterator[list[Read]]:
    """All letters of the topic up to its ends of now, as `records` gives them."""
    async for some in records(client, topic):
        yield [Read(parse(record), record) for record in some]


async def records(client: Mapping[str, Any], topic: str) -> AsyncIterator[list[Record]]:
    """All records of a topic up to its ends of now, some at once; in order within a partition.

    Nothing if the topic is not there.
    """
    partitions = (await counts(client, [topic])).get(topic, 0)
    async for some in at(client, [TopicPartition(topic, number) for number in range(partitions)]):
        yield some


async def at(
    client: Mapping[str, Any], places: Sequence[TopicPartition], begins: Mapping[TopicPartition, int] | None = None
) -> AsyncGenerator[list[Record], None]:
    """As `records`, of these partitions; they have to be there.

    Args:
        begins: offsets to begin at; else, and where one is no longer there, it is the beginning.
    """
    if not places:
        return
    async with _reader(client, places, begins) as (consumer, ends):
        async for some in _up_to(consumer, ends):
            yield some


async def ends(client: Mapping[str, Any], places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """The ends of these partitions, as of now; they have to be there."""
    if not places:
        return {}
    async with _reader(client, places, None) as (_, found):
        return found


@asynccontextmanager
async def _reader(
    client: Mapping[str, Any], places: Sequence[TopicPartition], begins: Mapping[TopicPartition, int] | None
) -> AsyncIterator[tuple[AIOKafkaConsumer, dict[TopicPartition, int]]]:
    """A consumer that stands where reading begins, and the ends as of now."""
    lenient.install()
    consumer = AIOKafkaConsumer(
        **client,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=QUIET_MS,
        fetch_max_bytes=4 * FETCH_BYTES,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    await consumer.start()
    try:
        consumer.assign(places)
        for place, offset in (begins or {}).items():
            consumer.seek(place, offset)
        yield consumer, await _ends(consumer, places)
    finally:
        await consumer.stop()


async def _ends(consumer: AIOKafkaConsumer, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """The end of each partition; the consumer stands at their beginnings then."""
    starts = {place: await consumer.position(place) for place in places}
    ends: dict[TopicPartition, int] = {}
    while todo := [place for place in places if place not in ends]:
        await consumer.getmany(*todo, timeout_ms=QUIET_MS, max_records=1)
        for place in todo:
            stable = consumer.last_stable_offset(place)
            end = consumer.highwater(place) if stable is None or stable < 0 else stable  # an old broker does not tell
            if end is not None:
                ends[place] = end
    for place, start in starts.items():
        consumer.seek(place, start)
    return ends


async def _up_to(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> AsyncIterator[list[Record]]:
    """Some records at once, of one partition, all before its end."""
    todo = set(ends)
    while True:
        for place in tuple(todo):
            if await consumer.position(place) >= ends[place]:
                todo.discard(place)
                consumer.pause(place)
        if not todo:
            return
        got = await consumer.getmany(*todo, timeout_ms=QUIET_MS, max_records=CHUNK)
        for place, found in got.items():
            if wanted := [record for record in found if record.offset < ends[place]]:
                yield wanted
