"""Where a group goes on in an input: at its commit, and what if the topic has no such offset (any more).

aiokafka could be told to go on at the earliest record by itself, but then nobody would hear of it: what a topic's
retention deletes before it was read is lost without a word.
"""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, TopicPartition
from mode import get_logger

log = get_logger(__name__)


async def begin(group: AIOKafkaConsumer, tp: TopicPartition) -> int:
    """The offset that the group has committed, or that of the partition's first record if it has none."""
    committed = await group.committed(tp)
    return await earliest(group, tp) if committed is None else int(committed)


async def earliest(group: AIOKafkaConsumer, tp: TopicPartition) -> int:
    """The offset of the first record that the partition still has, or will have."""
    return int((await group.beginning_offsets([tp]))[tp])


async def regain(group: AIOKafkaConsumer, tp: TopicPartition, lost: int) -> tuple[int, int]:
    """The partition has no offset `lost`: where to go on, and how many offsets were deleted unread. Says so, loudly."""
    first = await earliest(group, tp)
    if first > lost:
        log.error(
            "%s %s: offsets %s to %s were DELETED BEFORE THEY WERE READ: what they said is not known, alerts may be "
            "missing or false; give the topic a longer retention; going on at %s",
            tp.topic, tp.partition, lost, first - 1, first,
        )  # fmt: skip
        return first, first - lost
    log.error(
        "%s %s: offset %s is not there: the topic was cut off or made anew; going on at its first record, %s",
        tp.topic, tp.partition, lost, first,
    )  # fmt: skip
    return first, 0
