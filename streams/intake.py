"""From a record to an event: what may be refused before it is judged (contract R14).

A refusal never moves the time: it is decided before the engine sees the event.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator

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


Refused = Callable[[Record, str, str], None]
"""Called with a record, a reason of R14 and its detail."""


class Reader:
    """Reads the records of one topic.

    Args:
        workflow: of the topic, or `command`.
        now: microseconds; an event beyond `max_skew` after it is `future`.
        partitions: of the topic.
        max_bytes: of key, value and headers together.

    `taken`: the events that `events` gave so far.
    """

    def __init__(self, workflow: str, settings: Settings, *, now: int, partitions: int, max_bytes: int) -> None:
        self.workflow, self.partitions, self.max_bytes = workflow, partitions, max_bytes
        self.taken: list[Event] = []
        self.latest: int = now + settings.max_skew
        self.partitioner: str = settings.partitioner
        self.hashed = None if workflow == COMMAND_TOPIC else PARTITIONERS.get(settings.partitioner)

    def events(self, records: Iterable[Record], refused: Refused) -> Iterator[tuple[Event, Record]]:
        """The events of these records, each with its record; `refused` is told of the others as they come."""
        for record in records:
            event = self.read(record)
            if isinstance(event, Refusal):
                refused(record, event.reason, event.detail)
            else:
                self.taken.append(event)
                yield event, record

    def read(self, record: Record) -> Event | Refusal:
        """The event of a record, or why it is refused."""
        key, value, headers = record.key, record.value, record.headers
        size = (0 if value is None else len(value)) + (0 if key is None else len(key))
        for name, content in headers:
            size += len(name) + len(content or b"")
        if size > self.max_bytes:
            return Refusal("too_large", f"value: larger than {self.max_bytes} bytes, the limit of max_event_bytes")
        hashed = self.hashed
        if hashed is not None and key is not None and hashed(key) % self.partitions != record.partition:
            detail = f"key: belongs to another partition by settings.partitioner, {self.partitioner}"
            return Refusal("misrouted", detail)
        event = events.decode(value, headers, self.workflow)
        if isinstance(event, Event) and event.entry.time > self.latest:
            return Refusal("future", "time: later than now by more than settings.max_skew")
        return event
