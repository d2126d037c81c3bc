"""Reports of a few recorded events, so that a test can be a table of cases."""

from __future__ import annotations

from collections.abc import Iterable

from streams.core.book import Book
from streams.reporting import span
from streams.reporting.build import build
from streams.reporting.figures import Figures
from streams.reporting.form import Report
from streams.reporting.recorded import recorded
from streams.reporting.sums import zones_of
from tests.contract.build import at, book, clock, event

DEPARTMENTS = "{eye: {pool: eye-desk}, ear: {pool: ear-desk}}"
REPLY = book(f"[{clock('{within: 4 hours}')}]", departments=DEPARTMENTS)


def report(
    judge: Book,
    events: Iterable[bytes],
    month: str = "2026-11",
    until: str | None = None,
    earlier: Report | None = None,
) -> Report:
    """The report of a month."""
    days = span.month(month, zones_of(judge).default)
    found, origin = recorded(judge, events, days, None if until is None else at(until))
    return build(found, days, judge, origin, earlier)


def only(made: Report) -> Figures:
    """The figures of the one benchmark that there is."""
    (each,) = made.benchmarks
    return each.now


def answered(item: str, opened: str, took: str, department: str = "eye", workflow: str = "message") -> list[bytes]:
    """A message and its reply; `took`: when the reply came."""
    first, last = {
        "message": ("message.sent", "message.replied"),
        "appointment": ("appointment.requested", "appointment.confirmed"),
        "result": ("result.promised", "result.released"),
    }[workflow]
    return [
        event(f"{item}-1", first, opened, item, department=department), event(f"{item}-2", last, took, item),
    ]  # fmt: skip


def in_order(*lives: Iterable[bytes]) -> list[bytes]:
    """Events of several items in order of time."""
    return sorted((line for life in lives for line in life), key=lambda line: line.split(b'"time": "')[1][:20])


def many(count: int, missed: int, day: str, department: str = "eye", hour: int = 8) -> list[bytes]:
    """So many messages of a day, the first `missed` of which were answered after five hours, the others after one."""
    lives = []
    for number in range(count):
        took = hour + (5 if number < missed else 1)
        name = f"{department}-{day}-{number}"
        lives.append(answered(name, f"{day}T{hour:02}:00", f"{day}T{took:02}:00", department))
    return in_order(*lives)
