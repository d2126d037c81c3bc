"""What waits on the input topics when a health system's Portalwatch was away for a day.

Theory of operation. Many clinics, each with the simulated portal of the demo, over the day that ends at noon of a
Friday in the sample policy's Chicago. Items that were open before it are left out, and so are heartbeats, of which each
clinic would have its own: they cost little, and would make the log look faster to read than it is. Repeats and
malformed events are in it. To simulate a clinic costs much more than to read it, so of ten clinics one is simulated and
nine are its like: other items and ids, and each some seconds earlier, so that what happens once does not happen ten
times in one moment. The same size gives the same bytes.

The end lies in the clinic's lunch break, when alerts stand and no time counts: for half an hour nothing falls due, and
what is true of the log does not hang on how long somebody takes to read it. For that the policy here gives the
scanners, which run through noon in the sample policy, the same break.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice, takewhile
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec

from schemas import instants
from schemas.events import HEARTBEAT
from schemas.instants import SECOND
from schemas.policy import DAY
from streams.core.book import Book
from streams.core.policy_check import load
from streams.demo import policy as sample
from streams.demo import portal
from tests.bench.peers.logs import Record

END: Final = instants.parse("2026-11-06T18:02:00Z")
THROUGH_NOON, BREAK = "mon-fri: 07:00-19:00", "mon-fri: 07:00-12:00 12:30-19:00"
COPIES: Final = 10
APART: Final = 6 * SECOND
"""Between a clinic and its next copy."""


class Arrival(NamedTuple):
    """An event, and when it came (microseconds)."""

    at: int
    workflow: str
    record: Record


def policy() -> str:
    """The sample policy, in which nobody works at noon."""
    text = sample.text().decode()
    if THROUGH_NOON not in text:
        raise LookupError(f"the sample policy no longer says `{THROUGH_NOON}`; name the hours of those open at noon")
    return text.replace(THROUGH_NOON, BREAK)


def log(events: int) -> Iterator[Arrival]:
    """So many events, in order of arrival, all within the day before END."""
    clinics = _clinics(Book(load(policy(), "benchmark")), -(-events // COPIES))
    yield from islice(heapq.merge(*(_copy(clinics, number) for number in range(COPIES)), key=itemgetter(0)), events)


def _clinics(book: Book, events: int) -> list[portal.Record]:
    """At least so many events of as many clinics as it takes, in order of arrival."""
    found: list[portal.Record] = []
    number = 0
    while len(found) < events:
        found += islice(_day(book, number), events - len(found))
        number += 1
    return sorted(found, key=itemgetter(0))


def _day(book: Book, number: int) -> Iterator[portal.Record]:
    """One clinic's day: what is told of items that were begun on it."""
    before: set[str] = set()
    for record in takewhile(lambda record: record.at < END, portal.records(book, END - DAY, number)):
        event = record.event
        item = event.get("subject", "")
        if record.at < END - DAY:
            before.add(item)
        elif event["type"] != HEARTBEAT and item not in before:
            named = {**event, "id": f"c{number}-{event['id']}"}
            yield record._replace(event={**named, "subject": f"c{number}-{item}"} if item else named)


def _copy(clinics: list[portal.Record], number: int) -> Iterator[Arrival]:
    earlier = number * APART
    for at, workflow, event in clinics:
        moved = {**event, "id": f"{event['id']}-{number}", "time": _moved(event["time"], earlier)}
        if "subject" in event:
            moved["subject"] = f"{event['subject']}-{number}"
        key = moved.get("subject", workflow)
        yield Arrival(at - earlier, workflow, Record(key.encode(), msgspec.json.encode(moved)))


def _moved(time: str, earlier: int) -> str:
    """An event's time, so many microseconds earlier; a malformed one, without its `Z`, stays without it."""
    bare = time.removesuffix("Z")
    text = instants.text(instants.parse(f"{bare}Z") - earlier)
    return text if time != bare else text.removesuffix("Z")
