"""Changelog topics: made when missing, refused when they do not fit.

All inputs and all changelogs have one partition count, for a lane is one partition number of all of them. Topics that
exist are never changed. A missing input or a missing topic of a leading table is refused: how those are kept is not
ours to say. (Only topics that the broker lists are described: the embedded broker creates a topic when asked about it.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faust.exceptions import ImproperlyConfigured
from mode import get_logger

ALREADY_EXISTS = 36
APPEAR_SECONDS = 15.0
CHANGELOG = {
    "cleanup.policy": "compact",
    "segment.ms": "600000",  # Kafka never compacts the active segment, which else lasts a week
    "max.message.bytes": str(16 << 20),
}

log = get_logger(__name__)


async def prepare(
    client: Mapping[str, Any],
    inputs: Iterable[str],
    leading: Iterable[str],
    changelogs: Iterable[str],
    replication: int,
) -> None:
    """Create the changelogs that are missing, with the inputs' partition count. ImproperlyConfigured if one differs."""
    admin = AIOKafkaAdminClient(**client)
    await admin.start()
    try:
        public, ours = sorted({*inputs, *leading}), sorted(set(changelogs))
        counts = await partition_counts(admin, [*public, *ours])
        count = agree(public, counts)
        if missing := [topic for topic in ours if topic not in counts]:
            await _create(admin, missing, count, replication)
            counts |= await _await(admin, missing)
        agree([*public, *ours], counts)
    finally:
        await admin.close()


async def partition_counts(admin: AIOKafkaAdminClient, topics: Iterable[str]) -> dict[str, int]:
    """The number of partitions of each of these topics that exists."""
    listed = set(await admin.list_topics())
    known = [topic for topic in topics if topic in listed]
    described = await admin.describe_topics(known) if known else []
    return {topic["topic"]: len(topic["partitions"]) for topic in described if topic["partitions"]}


def agree(topics: Iterable[str], counts: Mapping[str, int]) -> int:
    """The one partition count of these topics. ImproperlyConfigured names the topics and what would be right."""
    topics = list(topics)
    missing = [topic for topic in topics if topic not in counts]
    if missing:
        have = f" with {max(counts.values())} partitions" if counts else ""
        raise ImproperlyConfigured(f"topics are missing: create {', '.join(missing)}{have}")
    if len({counts[topic] for topic in topics}) > 1:
        each = ", ".join(f"{topic} has {counts[topic]}" for topic in topics)
        raise ImproperlyConfigured(f"inputs and changelogs must have one partition count: {each}")
    return counts[topics[0]]


async def _create(admin: AIOKafkaAdminClient, topics: Iterable[str], count: int, replication: int) -> None:
    wanted = [NewTopic(topic, count, replication, topic_configs=CHANGELOG) for topic in topics]
    response = await admin.create_topics(wanted)
    for topic, code, *detail in response.topic_errors:
        if code not in (0, ALREADY_EXISTS):  # another worker may have been quicker
            raise ImproperlyConfigured(f"could not create topic {topic}: {detail[0] if detail else code}")
        log.info("topic %s: %s partitions, compacted", topic, count)


async def _await(admin: AIOKafkaAdminClient, topics: list[str]) -> dict[str, int]:
    """The partition counts of topics just created, once the broker's metadata shows them all."""
    async with asyncio.timeout(APPEAR_SECONDS):
        while True:
            counts = await partition_counts(admin, topics)
            if len(counts) == len(topics):
                return counts
            await asyncio.sleep(0.1)
