"""What was said to be over lately, by the end of a partition of `portal.alerts`: its owner before may not have told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from aiokafka import TopicPartition

from schemas import instants
from schemas.alerts import Alert
from streams.delivery import saying
from streams.runtime import changelog
from streams.runtime.batch import Record


async def ends(client: Mapping[str, Any], place: TopicPartition, since: int) -> Iterator[Alert]:
    """Resolutions since this instant, in order. KafkaError, OSError or TimeoutError if it cannot be read."""
    found = await changelog.tail(client, place, _is_end, partial(_is_before, since))
    return (alert for record in found if (alert := saying.read(record.value)) is not None and _at(alert) >= since)


def _is_end(record: Record) -> bool:
    return record.value is not None and b'"resolved"' in record.value


def _is_before(since: int, record: Record) -> bool:
    alert = saying.read(record.value)
    return alert is not None and _at(alert) < since


def _at(alert: Alert) -> int:
    return instants.parse(alert.time)
