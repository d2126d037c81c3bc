"""The demo's policy and a stretch of its portal, for the tests."""

from __future__ import annotations

from functools import cache
from itertools import takewhile

from schemas import instants
from schemas.alerts import AlertData
from schemas.policy import DAY
from streams.core.book import Book
from streams.demo import policy
from streams.demo.portal import Record, records

START = instants.parse("2026-11-05T12:48:00Z")  # Thursday 06:48 in Chicago
MORNING = instants.parse("2026-11-05T16:42:00Z")  # 10:42


@cache
def book() -> Book:
    return policy.book()


def stretch(days: float, seed: int = 1) -> list[Record]:
    return list(takewhile(lambda record: record.at < START + days * DAY, records(book(), START, seed)))


def fired(**said: object) -> AlertData:
    """What a firing alert says, with a few things said otherwise."""
    given: dict[str, object] = {
        "alert": "message:m-1042:message-reply:20261104T170000Z:due-soon",
        "state": "firing",
        "stage": "due-soon",
        "severity": "warning",
        "notify": ["pool"],
        "recipients": ["cardiology-nurses"],
        "workflow": "message",
        "item": "m-1042",
        "clock": "message-reply",
        "department": "cardiology",
        "priority": "routine",
        "due_at": "2026-11-05T17:00:00Z",
        "attempts": 0,
        "follow_ups": 0,
    }
    return AlertData(**(given | said))  # type: ignore[arg-type]  # the fields' types stand in the calls
