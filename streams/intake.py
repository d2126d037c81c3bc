"""From a record to an event: what may be refused before it is judged (contract R14).

A refusal never moves the time: it is decided before the engine sees the event.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

from aiokafka.partitioner import murmur2

from schemas import events
from schemas.events import COMMAND_TOPIC, Event, Refusal
from schemas.policy import Settings
from streams.runtime import Record

PARTITIONERS: dict[str, Callable[[bytes], int]] = {
    "murmur2": lambda key: murmur2(key) & 0x7FFFFFFF,
    "crc32": zlib.crc32,
}
"""`settings.partitioner` to the hash that, modulo the partition count, gives a key's partition."""


def read(
    record: Record, workflow: str, settings: Settings, *, now: int, partitions: int, max_bytes: int
) -> Event | Refusal:
    """The event of a record, or why it is refused.

    Args:
        workflow: of the topic, or `command`.
        now: microseconds; an event beyond `max_skew` after it is `future`.
        partitions: of the topic.
        max_bytes: of key, value and headers together.
    """
    headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    size = len(record.value or b"") + len(record.key or b"") + headers
    if size > max_bytes:
        return Refusal("too_large", f"value: larger than {max_bytes} bytes, the limit of max_event_bytes")
    if workflow != COMMAND_TOPIC and (astray := _misrouted(record, settings.partitioner, partitions)):
        return astray
    event = events.decode(record.value, record.headers, workflow)
    if isinstance(event, Event) and event.entry.time > now + settings.max_skew:
        return Refusal("future", "time: later than now by more than settings.max_skew")
    return event


def _misrouted(record: Record, partitioner: str, partitions: int) -> Refusal | None:
    hashed = PARTITIONERS.get(partitioner)
    if hashed is None or record.key is None or hashed(record.key) % partitions == record.partition:
        return None
    return Refusal("misrouted", f"key: belongs to another partition by settings.partitioner, {partitioner}")
