"""Spans of whole days, in the local time of a zone: a month, or any days, and the span before."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from schemas import instants

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTH: Final = re.compile(r"(\d{4})-(\d\d)", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Span(NamedTuple):
    """Days, both included."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def start(self) -> int:
        """Its first instant, in microseconds."""
        return _midnight(self.first, self.zone)

    @property
    def end(self) -> int:
        """The first instant past it, in microseconds."""
        return _midnight(self.last + timedelta(1), self.zone)

    @property
    def is_month(self) -> bool:
        """Whether it is one calendar month."""
        return self.first.day == 1 and self.last == _last(self.first)

    @property
    def title(self) -> str:
        """`October 2026`, or its days: `1 October to 15 November 2026`."""
        if self.is_month:
            return f"{MONTHS[self.first.month - 1]} {self.first.year}"
        if self.first == self.last:
            return day(self.first)
        same = self.first.year == self.last.year
        return f"{day(self.first, year=not same)} to {day(self.last)}"

    def before(self) -> Span:
        """The month before a month; before other days, as many days."""
        last = self.first - timedelta(1)
        first = last.replace(day=1) if self.is_month else last - (self.last - self.first)
        return Span(first, last, self.zone)

    def holds(self, at: int) -> bool:
        """Whether an instant lies in it."""
        return self.start <= at < self.end


def month(text: str, zone: ZoneInfo) -> Span:
    """The month `YYYY-MM`.

    Raises:
        ValueError: with what would be right.
    """
    found = _MONTH.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 12:
        raise ValueError("is no month; give one as in 2026-10")
    first = date(int(found[1]) or 1, int(found[2]), 1)
    return _known(Span(first, _last(first), zone))


def days(start: str, end: str, zone: ZoneInfo) -> Span:
    """The days from `start` on, before `end`; both `YYYY-MM-DD`.

    Raises:
        ValueError: with what would be right.
    """
    first, past = _date(start), _date(end)
    if past <= first:
        raise ValueError("is not after --from; it is the first day that is not in the report")
    return _known(Span(first, past - timedelta(1), zone))


def last_month(now: int, zone: ZoneInfo) -> Span:
    """The last month that was over at `now` (microseconds)."""
    today = local(now, zone).date()
    last = today.replace(day=1) - timedelta(1)
    return Span(last.replace(day=1), last, zone)


def local(at: int, zone: ZoneInfo) -> datetime:
    """An instant in microseconds, as the wall clocks of the zone show it."""
    return (instants.EPOCH + timedelta(microseconds=at)).astimezone(zone)


def day(given: date, *, year: bool = True) -> str:
    """`1 October 2026`."""
    return f"{given.day} {MONTHS[given.month - 1]}" + (f" {given.year}" if year else "")


def moment(at: int, zone: ZoneInfo) -> str:
    """`1 October 2026, 08:00`."""
    wall = local(at, zone)
    return f"{day(wall.date())}, {wall:%H:%M}"


def _last(given: date) -> date:
    """The last day of its month."""
    return (given.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)


def _date(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        raise ValueError("names a date that does not exist") from None
    raise ValueError("is no date; give one as in 2026-10-01")


def _known(span: Span) -> Span:
    """A span that calendars know (T9)."""
    if span.first.year < 2000 or span.last.year > 2099:
        raise ValueError("lies outside 2000 to 2099, for which calendars answer")
    return span


def _midnight(given: date, zone: ZoneInfo) -> int:
    """The first instant of a day: where a clock change skips its midnight, the first one after the gap."""
    return instants.of(datetime(given.year, given.month, given.day, tzinfo=zone))
