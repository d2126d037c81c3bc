"""The topics on a broker: made when missing, refused when their partition counts do not fit (contract section 1).

Theory of operation. The broker lists what is there, and every count is looked up and compared; what is missing is then
created with the settings of `schemas.topics`, and all is compared again. Nothing is created beside topics that it would
not fit. Only topics that the broker lists are described, because the embedded broker creates a topic when it is asked
about one. A topic that exists is never changed: a count that differs is for a person to mend. Two workers that start
together may both create: the loser's "already exists" is no error, and the second look sees what the winner made.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from schemas import topics
from schemas.topics import Partitions, Topic

APPEAR_SECONDS = 15.0
"""So long may a topic that was just created take to be seen."""

log = logging.getLogger(__name__)


class TopicMismatch(RuntimeError):
    """Topics do not have the partition counts that they must have; the message names topics and counts."""


class TopicRefused(RuntimeError):
    """The broker did not create a topic; the message names it, and gives the broker's reason."""


async def ensure(
    client: Mapping[str, Any], prefix: str, partitions: int, replication: int, wanted: Sequence[Topic] = topics.ALL
) -> list[str]:
    """Create the topics of `prefix` that are missing, and verify the partition counts of all.

    Args:
        client: options of an aiokafka client, `bootstrap_servers` at least.
        prefix: of every topic name.
        partitions: the shared count of topics that are created; where none is missing, the count that they have holds.
        replication: factor, for topics that are created.
        wanted: the topics.

    Returns:
        The names of the topics that it created.

    Raises:
        TopicMismatch: counts differ from each other or from what is to be created, or the policy's is not 1.
        TopicRefused: the broker would not create one.
        aiokafka.errors.KafkaError: the broker cannot be reached.
    """
    admin = AIOKafkaAdminClient(**client)
    try:
        await admin.start()
        names = [topic.name(prefix) for topic in wanted]
        found = await partition_counts(admin, names)
        missing = [topic for topic in wanted if topic.name(prefix) not in found]
        verify(found, prefix, wanted, {topic.name(prefix): topic.count(partitions) for topic in missing})
        if not missing:
            return []
        created = await _create(admin, missing, prefix, partitions, replication)
        verify(await _appeared(admin, names), prefix, wanted)
        return created
    finally:
        await admin.close()


async def shared_count(client: Mapping[str, Any], prefix: str) -> int:
    """The partition count that the topics of `prefix` have; they must exist."""
    admin = AIOKafkaAdminClient(**client)
    try:
        await admin.start()
        name = topics.COMMANDS.name(prefix)
        return (await partition_counts(admin, [name]))[name]
    finally:
        await admin.close()


async def partition_counts(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, int]:
    """The partition count of each of these topics that exists, by name."""
    listed = set(await admin.list_topics())
    known = [name for name in names if name in listed]
    described = await admin.describe_topics(known) if known else []
    return {topic["topic"]: len(topic["partitions"]) for topic in described if topic["partitions"]}


def verify(
    counts: Mapping[str, int],
    prefix: str,
    wanted: Sequence[Topic] = topics.ALL,
    planned: Mapping[str, int] | None = None,
) -> None:
    """Compare the partition counts of topics that are there or planned. TopicMismatch if they do not fit.

    The policy has one partition, the dead letters any number, and all others the same (contract section 1).
    """
    planned = planned or {}
    for topic in wanted:
        name = topic.name(prefix)
        if topic.partitions is Partitions.ONE and counts.get(name, 1) != 1:
            raise TopicMismatch(
                f"{name} has {counts[name]} partitions and must have 1: delete it, or take another prefix"
            )
    names = [topic.name(prefix) for topic in wanted if topic.partitions is Partitions.SHARED]
    have = {name: counts[name] for name in names if name in counts}
    make = {name: planned[name] for name in names if name in planned}
    if len({*have.values(), *make.values()}) > 1:
        each = [f"{name} has {count}" for name, count in have.items()]
        each += [f"{name}, which is missing, would get {count}" for name, count in make.items()]
        raise TopicMismatch(f"the topics of a prefix must have one partition count: {', '.join(each)}; {_cure(have)}")


def _cure(have: Mapping[str, int]) -> str:
    counts = set(have.values())
    if len(counts) == 1:
        return f"set PORTALWATCH_PARTITIONS to {counts.pop()}, or take another prefix"
    return "make them anew with one count, or take another prefix"


async def _create(
    admin: AIOKafkaAdminClient, missing: Sequence[Topic], prefix: str, shared: int, replication: int
) -> list[str]:
    """Create these topics; the names of those that nobody else created meanwhile."""
    wanted = [NewTopic(t.name(prefix), t.count(shared), replication, topic_configs=t.config()) for t in missing]
    response = await admin.create_topics(wanted)
    created = [name for name, code, *_ in response.topic_errors if code == 0]
    for topic in missing:
        if topic.name(prefix) in created:
            log.info("created topic %s: %d partitions, %s", topic.name(prefix), topic.count(shared), topic.config())
    for name, code, *detail in response.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            reason = detail[0] if detail and detail[0] else for_code(code).description
            raise TopicRefused(f"the broker refused to create {name}: {reason} (asked: replication {replication})")
    return created


async def _appeared(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, int]:
    """The counts of all these topics, once the broker's metadata shows each. TopicRefused if that takes too long."""
    try:
        async with asyncio.timeout(APPEAR_SECONDS):
            while True:
                counts = await partition_counts(admin, names)
                if len(counts) == len(names):
                    return counts
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise TopicRefused(
            f"topics were created and are not to be seen after {APPEAR_SECONDS:.0f} s: {', '.join(names)}"
        ) from None
