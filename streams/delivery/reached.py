"""How far the sinks that follow `portal.alerts` have come, by what their groups committed. No group is joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient


class Came(NamedTuple):
    """How far a sink's group has come in a partition."""

    offset: int
    metadata: str


async def progress(
    client: Mapping[str, Any], name: str, places: Sequence[TopicPartition]
) -> dict[TopicPartition, Came]:
    """How far a group has come in these partitions; those in which it never committed are left out."""
    admin = AIOKafkaAdminClient(**client)
    try:
        await admin.start()
        found = await admin.list_consumer_group_offsets(name, partitions=list(places))
        return {place: Came(each.offset, each.metadata) for place, each in found.items() if each.offset >= 0}
    finally:
        await admin.close()
