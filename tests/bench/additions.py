"""The cost of one calendar addition, which should not depend on how much is added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from statistics import median
from typing import Final

from schemas.policy import DAY, HOUR
from streams.core.calendars import Calendar
from tests.bench import books
from tests.bench.loads import START
from tests.bench.measure import Aim, Figure, clean

HOURS: Final = (4, 400, 4_000)
AIM: Final = Aim("<=", 1.5)
"""Microseconds."""


def figures(runs: int, additions: int) -> Iterator[Figure]:
    """One figure for each amount, and how far they lie apart; the loop around the additions is included."""
    calendar, rng = books.sample().calendars["clinic"], Random(1)
    starts = [START + rng.randrange(365 * DAY) for _ in range(additions)]
    _build(calendar, starts)
    values: dict[int, list[float]] = {hours: [] for hours in HOURS}
    for _ in range(runs):
        for hours, found in values.items():
            _, took = clean(_add, calendar, starts, hours * HOUR)
            found.append(took / additions * 1e6)
    note = f"{additions:,} starts in a year of the sample policy's clinic calendar, its years built before"
    for hours, found in values.items():
        yield Figure(f"addition of {hours:,} open hours", "µs", tuple(found), AIM, note)
    middles = [median(found) for found in values.values()]
    yield Figure("the dearest addition to the cheapest", "ratio", (max(middles) / min(middles),), None, "1: flat")


def _build(calendar: Calendar, starts: Sequence[int]) -> None:
    """Years are built when first needed; that is no part of an addition."""
    for start in (min(starts), max(starts)):
        calendar.add(start, max(HOURS) * HOUR)


def _add(calendar: Calendar, starts: Sequence[int], amount: int) -> None:
    add = calendar.add
    for start in starts:
        add(start, amount)
