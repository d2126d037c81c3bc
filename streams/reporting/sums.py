"""What is known of the cycles that began in a span, added up: a line for each workflow, clock and department.

Shares of a backtest tell all; cohorts, of which scorecards are made, tell counts and buckets by the hour in which
cycles began. Both fill the same `Sums`, so what both tell is the same; what shares alone tell stands in `Exact`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from streams.core import accounts
from streams.core.book import Book
from streams.core.cohorts import Cohort, Key
from streams.core.shares import ENDED, EXPIRED, MET, MISSED, PENDING, UNJUDGED, Share
from streams.core.shelf import Shelf
from streams.reporting.span import Span, local

Hours = Counter[tuple[int, int]]
"""Counts by weekday (Monday 0) and hour of the day."""


class Line(NamedTuple):
    """Whose figures."""

    workflow: str
    clock: str
    department: str


class Zones(NamedTuple):
    """In which time zone an hour of the week is told: that of the department's calendar, else of the default one."""

    default: ZoneInfo
    own: Mapping[str, ZoneInfo]

    def of(self, department: str) -> ZoneInfo:
        """A department's zone."""
        return self.own.get(department, self.default)

    def hour(self, department: str, at: int) -> tuple[int, int]:
        """Weekday and hour of an instant."""
        wall = local(at, self.of(department))
        return wall.weekday(), wall.hour


def zones_of(book: Book) -> Zones:
    """The zones of a policy's calendars."""
    own = {name: book.calendar_of(name).zone for name in book.policy.departments}
    return Zones(book.calendar_of().zone, own)


class Exact:
    """What shares alone tell."""

    def __init__(self) -> None:
        self.responses: list[int] = []
        """Open microseconds of the cycles that stopped."""
        self.due_hours: Hours = Counter()
        """When the dues were that passed without an answer."""
        self.counts: Counter[str] = Counter()
        """By name, as in `figures`."""

    def add(self, share: Share, as_of: int) -> None:
        """Put a share in, but for the hour of its due."""
        counts = self.counts
        if share.response is not None:
            self.responses.append(share.response)
            counts["released_looked_up"] += share.attempts > 0
        elif share.outcome < ENDED:
            counts["waiting_looked_up"] += share.attempts > 0
        counts["look_ups"] += share.attempts
        counts["open_past_due"] += is_open_past_due(share, as_of)
        counts["cancelled_past_due"] += share.overdue
        counts["met_without_due"] += share.outcome == MET and share.due is None

    def merge(self, other: Exact) -> None:
        """Put all of another line in."""
        self.responses += other.responses
        self.due_hours += other.due_hours
        self.counts += other.counts


class Sums:
    """The sums of one line. `exact` is None where only cohorts are known."""

    def __init__(self, exact: Exact | None = None) -> None:
        self.cohort = Cohort()
        self.missed_began: Hours = Counter()
        """When the cycles began that were missed or expired."""
        self.exact = exact

    def merge(self, other: Sums) -> None:
        """Put all of another line in, of the same kind."""
        self.cohort.merge(other.cohort)
        self.missed_began += other.missed_began
        if self.exact is not None and other.exact is not None:
            self.exact.merge(other.exact)


Lines = dict[Line, Sums]
Periods = dict[tuple[str, str], dict[date, Cohort]]
"""By workflow and clock, what began in the week, or the month, from a day on."""
WEEKS: Final = 60
"""Up to so many weeks are told week by week, more of them month by month."""


class Gathered(NamedTuple):
    """The lines of a span and of the one before, and the weeks or months of both."""

    now: Lines
    before: Lines
    periods: Periods


def by_week(span: Span) -> bool:
    """Whether weeks are told, not months."""
    return (span.last - span.before().first).days <= 7 * WEEKS


def shares_of(items: Shelf) -> Iterator[tuple[str, Share]]:
    """Every share that stands with an item, with its workflow; but for those that stand for no clock."""
    return (
        (workflow, share)
        for workflow, _, shares in accounts.shares_of(items.items())
        for share in shares
        if share.clock != UNJUDGED
    )


def is_open_past_due(share: Share, as_of: int) -> bool:
    """Whether its due has passed and it still runs; a pause holds a due back."""
    return share.outcome == PENDING and share.due is not None and share.due < as_of


def of_shares(shares: Iterable[tuple[str, Share]], span: Span, zones: Zones, as_of: int) -> Gathered:
    """Add up shares.

    Args:
        as_of: what is known, is known of this instant (microseconds): a due before it has passed.
    """
    found = _Gathering(span)
    for workflow, share in shares:
        line = Line(workflow, share.clock, share.department)
        sums = found.take(line, share.start)
        if sums is None:
            continue
        if sums.exact is None:
            sums.exact = Exact()
        sums.cohort.add(share)
        sums.exact.add(share, as_of)
        found.period(line, share.start).add(share)
        missed = share.outcome in (MISSED, EXPIRED)
        if missed:
            sums.missed_began[zones.hour(line.department, share.window)] += 1
        if share.due is not None and (missed or is_open_past_due(share, as_of)):
            sums.exact.due_hours[zones.hour(line.department, share.due)] += 1
    return found.all


def of_cohorts(rows: Iterable[tuple[Key, Cohort]], span: Span, zones: Zones) -> Gathered:
    """Add up cohorts: those whose hour begins in the span."""
    found = _Gathering(span)
    for key, row in rows:
        line = Line(key.workflow, key.clock, key.department)
        sums = found.take(line, key.window)
        if sums is not None:
            sums.cohort.merge(row)
            found.period(line, key.window).merge(row)
            if missed := row.count(MISSED) + row.count(EXPIRED):
                sums.missed_began[zones.hour(line.department, key.window)] += missed
    return found.all


class _Gathering:
    """Finds the sums to which a cycle belongs by its start."""

    def __init__(self, span: Span) -> None:
        self.all = Gathered({}, {}, {})
        before = span.before()
        self._edges = before.start, span.start, span.end
        self._zone, self._by_week = span.zone, by_week(span)

    def take(self, line: Line, at: int) -> Sums | None:
        """The line's sums in the span that holds an instant; None if it lies in neither."""
        first, middle, end = self._edges
        if not first <= at < end:
            return None
        return (self.all.before if at < middle else self.all.now).setdefault(line, Sums())

    def period(self, line: Line, at: int) -> Cohort:
        """The sums of the line's benchmark in the week, or month, that holds an instant."""
        day = local(at, self._zone).date()
        first = day - timedelta(day.weekday()) if self._by_week else day.replace(day=1)
        return self.all.periods.setdefault(line[:2], {}).setdefault(first, Cohort())
