"""Dead letters: what was refused, byte for byte, with the reason (contract sections 1 and 6, R14)."""

from __future__ import annotations

from schemas import instants
from streams.runtime import Batch, Record

PREFIX = "portalwatch."


def headers(record: Record, reason: str, detail: str, received_at: int) -> list[tuple[str, bytes]]:
    """The record's own headers, then ours; `received_at` is microseconds."""
    ours = {
        "reason": reason,
        "detail": detail,
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "received_at": instants.text(received_at),
    }
    return [*record.headers, *((PREFIX + name, value.encode()) for name, value in ours.items())]


def send(batch: Batch, topic: str, record: Record, reason: str, detail: str, received_at: int) -> None:
    """Copy a record to the dead letters: key, value, timestamp and headers as received."""
    batch.send(
        topic,
        record.key,
        b"" if record.key is None and record.value is None else record.value,
        headers=headers(record, reason, detail, received_at),
        timestamp_ms=record.timestamp if record.timestamp >= 0 else None,
    )
