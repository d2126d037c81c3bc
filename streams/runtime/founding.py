"""Where a new consumer group begins: at the topic's end, once and for all.

Theory of operation. `latest` would let a group begin at the end again and again until its first commit: what came
between two starts would be skipped. So before a follower joins, it asks for the group's commits; if there is none for
any partition, the ends as they stand now are committed for all of them at once, under no membership, which a broker
takes only while the group has no member. Whoever starts at the same time does the same, or is refused because the other
has joined, and so has committed. From then on a start goes on where the last one stopped, and a partition without a
commit is a new one, read from its beginning.

An end is what a fetch response says, up to the last stable offset: the embedded broker answers ListOffsets wrongly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError
from mode import get_logger

from streams.runtime.topics import partition_counts

LOOK_MS = 200
APPEAR_EVERY = 1.0

log = get_logger(__name__)


async def found(client: Mapping[str, Any], group: str, topic: str) -> None:
    """Commit the topic's ends for a group that has no commit yet; nothing for one that has."""
    tps = [TopicPartition(topic, number) for number in range(await _partitions(client, topic))]
    founder = AIOKafkaConsumer(
        **client, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest",
        isolation_level="read_committed", max_partition_fetch_bytes=1 << 16,
    )  # fmt: skip
    await founder.start()
    try:
        founder.assign(tps)
        if any([await founder.committed(tp) is not None for tp in tps]):
            return
        ends = await _ends(founder, tps)
        try:
            await founder.commit(ends)
        except CommitFailedError:
            log.info("group %s: somebody else began it meanwhile", group)
        else:
            log.info("group %s is new: it begins at the end of %s: %s", group, topic, sorted(ends.values()))
    finally:
        await founder.stop()


async def _partitions(client: Mapping[str, Any], topic: str) -> int:
    """Waits for a topic that is not there yet."""
    admin = AIOKafkaAdminClient(**client)
    await admin.start()
    try:
        while not (counts := await partition_counts(admin, [topic])):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(APPEAR_EVERY)
        return counts[topic]
    finally:
        await admin.close()


async def _ends(founder: AIOKafkaConsumer, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
    ends: dict[TopicPartition, int] = {}
    for tp in tps:
        while (end := end_of(founder, tp)) is None:
            await founder.getmany(timeout_ms=LOOK_MS)
        ends[tp] = end
    return ends


def end_of(consumer: AIOKafkaConsumer, tp: TopicPartition) -> int | None:
    """The end that the last fetch response of a partition gave; None before the first."""
    end = consumer.last_stable_offset(tp)
    if end is None or end < 0:  # an old broker does not tell
        end = consumer.highwater(tp)
    return None if end is None else int(end)
