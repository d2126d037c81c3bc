"""What is sent: events as bytes, made beforehand, so that making them is not measured.

Theory of operation. `clinic` is the simulated portal of the demo, many clinics at once as one partition of a large
system would see them: four workflows, pauses, anchors, routing, attempts, repeats, heartbeats and the odd malformed
event, in order of time. `toy` is the least that can be said of an item: opened, closed. Both are seeded: the same size
gives the same bytes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice, takewhile
from typing import Any, Final, NamedTuple

import msgspec

from schemas import instants
from schemas.instants import LAST, SECOND
from schemas.policy import HOUR
from streams.core.book import Book
from streams.demo.portal import Record, records

START: Final = instants.parse("2026-11-02T06:00:00Z")
"""A Monday, 00:00 in the sample policy's Chicago."""
TOY_PENDING: Final = 1_000
"""Seconds from an open to its close, and so the number of items that are open at a time: one is opened each second."""
TOY_LATE_EVERY: Final = 100
"""Of so many items one is closed after its due."""


class Sent(NamedTuple):
    """A record of an input topic."""

    workflow: str
    value: bytes


def clinic(book: Book, events: int | None, clinics: int, until: int = LAST) -> list[Sent]:
    """The first so many events of so many clinics together, and none sent at `until` (microseconds) or later.

    The rate of one clinic is about 390 a day. Without `events` all that are sent before `until`, which has to be given.
    """
    portals = (_of(number, records(book, START, number)) for number in range(clinics))
    merged = heapq.merge(*portals, key=lambda record: record.at)
    sent = islice(takewhile(lambda record: record.at < until, merged), events)
    return [Sent(record.workflow, msgspec.json.encode(record.event)) for record in sent]


def _of(number: int, portal: Iterator[Record]) -> Iterator[Record]:
    """A clinic's events, under ids and items that no other clinic has."""
    for record in portal:
        own: dict[str, Any] = {
            name: f"c{number:02}-{record.event[name]}" for name in ("id", "subject") if name in record.event
        }
        yield record._replace(event={**record.event, **own})


def toy(events: int) -> list[Sent]:
    """Opens and closes, half and half, in order of time."""
    told: list[tuple[int, str, str]] = []
    for number in range(events // 2):
        opened, item = START + number * SECOND, f"p-{number:07}"
        late = 9 * HOUR if number % TOY_LATE_EVERY == 0 else 0
        told += [(opened, item, "sent"), (opened + TOY_PENDING * SECOND + late, item, "closed")]
    return [Sent("message", msgspec.json.encode(_event(*each))) for each in sorted(told)]


def _event(at: int, item: str, verb: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{item}-{verb}",
        "source": "/portal/toy",
        "type": f"portal.message.{verb}",
        "subject": item,
        "time": instants.text(at),
    }
