"""Dead letters: what was refused, byte for byte, with the reason (contract sections 1 and 6, R14).

Theory of operation. A dead letter is the record as received, key, value, timestamp and headers, and after its own
headers stand six of ours, always all six and in one order. So `parse` knows where the record's own end: only the last
six are ours, and a `portalwatch.*` header before them came with the record and stays with it. The names of headers may
be any bytes (`streams.runtime.lenient`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from schemas import instants
from schemas.topics import DEAD_LETTER_BYTES
from streams.runtime import Batch, Record

PREFIX: Final = "portalwatch."
NAMES: Final = ("reason", "detail", "topic", "partition", "offset", "received_at")
"""Of our headers, in their order."""
EACH: Final = 128
"""Bytes that a header, or a record in a batch of its own, has beside what it holds, and more."""
ANCHOR_MISSING: Final = "anchor_missing"
LATE: Final = "late"
MISROUTED: Final = "misrouted"
REASONS: Final = (
    "undecodable", "invalid", "unknown_type", "future", LATE, MISROUTED, "too_large", ANCHOR_MISSING,
)  # fmt: skip
"""Those of R14."""

Place = tuple[int, int]
"""Partition and offset in the dead letters' topic."""


class Letter(NamedTuple):
    """What the headers of a dead letter say, its place, and the size of what it holds."""

    partition: int
    """Of the dead letters' topic."""
    offset: int
    reason: str
    detail: str
    topic: str
    """Where it came from."""
    topic_partition: int
    topic_offset: int
    received_at: int
    """Microseconds."""
    timestamp: int
    """Milliseconds, of the record."""
    key_bytes: int | None
    value_bytes: int | None
    """None: a tombstone."""

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.partition, self.offset

    @property
    def at(self) -> str:
        """Its place, as `--offset` takes it."""
        return f"{self.partition}:{self.offset}"


def headers(record: Record, reason: str, detail: str, received_at: int) -> list[tuple[str, bytes | None]]:
    """The record's own headers, then ours; `received_at` is microseconds."""
    ours = (reason, detail, record.topic, str(record.partition), str(record.offset), instants.text(received_at))
    named = zip(NAMES, ours, strict=True)
    return [*record.headers, *((PREFIX + name, value.encode()) for name, value in named)]


def send(batch: Batch, topic: str, record: Record, reason: str, detail: str, received_at: int) -> None:
    """Copy a record to the dead letters: key, value, timestamp and headers as received.

    What came compressed may be more than a record of that topic takes, and must not stop its partition. Of such a one
    only our headers stand there; they say where it lies.
    """
    key, value = record.key, b"" if record.key is None and record.value is None else record.value
    told = headers(record, reason, detail, received_at)
    if (size := _size(key, value, told)) > DEAD_LETTER_BYTES:
        why = f"{detail}; {size} bytes are more than a dead letter may have: not copied"
        key, value, told = None, b"", headers(record, reason, why, received_at)[-len(NAMES) :]
    batch.send(topic, key, value, headers=told, timestamp_ms=record.timestamp if record.timestamp >= 0 else None)


def _size(key: bytes | None, value: bytes | None, told: Sequence[tuple[str, bytes | None]]) -> int:
    """Bytes of a record at the most. A header's name is of any bytes, each a character."""
    names = sum(4 * len(name) + len(content or b"") + EACH for name, content in told)
    return len(key or b"") + len(value or b"") + names + EACH


def parse(record: Record) -> Letter | None:
    """What a record of the dead letters' topic says; None if it is no dead letter of ours."""
    ours = record.headers[-len(NAMES) :]
    if [name for name, _ in ours] != [PREFIX + name for name in NAMES]:
        return None
    try:
        reason, detail, topic, partition, offset, received_at = (
            value.decode() for _, value in ours if value is not None
        )
        return Letter(
            record.partition,
            record.offset,
            reason,
            detail,
            topic,
            int(partition),
            int(offset),
            instants.parse(received_at),
            record.timestamp,
            None if record.key is None else len(record.key),
            None if record.value is None else len(record.value),
        )
    except ValueError:  # also if they are too few: a header may have no value
        return None


def own_headers(record: Record) -> Sequence[tuple[str, bytes | None]]:
    """The headers with which the record of a dead letter was received, in order."""
    return record.headers[: -len(NAMES)]
