"""What time counts between two instants, and why: a list without gaps.

Three layers are laid over one another, the later on top: the dates on which nothing is open, each
with its reason; the calendar's windows; the pauses.  Neighbours with one reason are joined.

The reasons are a fixed vocabulary:

    open                      counted: in a window of the calendar
    elapsed                   counted: the benchmark counts elapsed time, whatever the calendar
    closed                    no window: a night, a break, a day of the week without hours
    holiday: Veterans Day     no window, because that date is a holiday of the calendar
    closed: 2026-12-24        no window, because the policy closes that date
    paused                    the clinic waits for the patient
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from schemas.instants import EPOCH, SECOND
from streams.core.calendars import Calendar
from streams.core.explain_off import off
from streams.core.fold import Pause

OPEN, ELAPSED, CLOSED, PAUSED = "open", "elapsed", "closed", "paused"


class Interval(NamedTuple):
    """A stretch of time, half-open; instants in microseconds."""

    start: int
    end: int
    counted: bool
    why: str
    """A word of the vocabulary above."""


def intervals(
    calendar: Calendar, start: int, end: int, pauses: Sequence[Pause] = (), *, elapsed: bool = False
) -> list[Interval]:
    """[start, end) cut into what counts and what does not; empty if `end` is not after `start`.

    The counted ones add up to the running time of T5 and T6: the calendar's open time, or the
    elapsed time if `elapsed`, with the pauses left out.
    """
    if end <= start:
        return []
    if elapsed:
        base = [Interval(start, end, True, ELAPSED)]
    else:
        base = _laid(_dates(calendar, start, end), _windows(calendar, start, end))
    paused = [Interval(begin, end if stop is None else stop, False, PAUSED) for begin, stop in pauses]
    return _joined(_laid(base, _clipped(paused, start, end)))


def counted(found: Sequence[Interval]) -> int:
    """The sum of the intervals that count, in microseconds."""
    return sum(each.end - each.start for each in found if each.counted)


def wall(at: int, calendar: Calendar) -> datetime:
    """The calendar's local time of an instant in microseconds."""
    return (EPOCH + timedelta(microseconds=at)).astimezone(calendar.zone)


def _windows(calendar: Calendar, start: int, end: int) -> list[Interval]:
    """The calendar's windows; one that passes midnight is found from the date on which it opens."""
    days = range(wall(start, calendar).toordinal() - 1, wall(end, calendar).toordinal() + 2)
    found = [Interval(*window, True, OPEN) for day in days for window in calendar.windows_of(day)]
    return _clipped(found, start, end)


def _dates(calendar: Calendar, start: int, end: int) -> list[Interval]:
    """Each date from midnight to midnight with its reason, as if nothing were open.

    A date that is off takes with it the hours past midnight that its weekday would have had.
    """
    found: list[Interval] = []
    spill = 0
    for day in range(wall(start, calendar).toordinal() - 1, wall(end, calendar).toordinal() + 2):
        begin, midnight = max(calendar.instant(day, 0), spill), calendar.instant(day + 1, 0)
        on = date.fromordinal(day)
        why = off(calendar.spec, on)
        spill = midnight if why is None else max(midnight, _usual_end(calendar, on))
        found.append(Interval(begin, spill, False, why or CLOSED))
    return _clipped(found, start, end)


def _usual_end(calendar: Calendar, day: date) -> int:
    return calendar.instant(day.toordinal(), calendar.spec.hours[day.weekday()][-1][1] * 60 * SECOND)


def _clipped(found: Sequence[Interval], start: int, end: int) -> list[Interval]:
    cut = (each._replace(start=max(each.start, start), end=min(each.end, end)) for each in found)
    return [each for each in cut if each.start < each.end]


def _laid(base: Sequence[Interval], top: Sequence[Interval]) -> list[Interval]:
    """`top` over `base`: both in order and disjoint, `base` without gaps."""
    cuts = sorted({at for each in (*base, *top) for at in each[:2]})
    found = []
    for start, end in pairwise(cuts):
        holds = _holding(top, start) or _holding(base, start)
        assert holds is not None, "the base covers all of its span"
        found.append(holds._replace(start=start, end=end))
    return found


def _holding(found: Sequence[Interval], at: int) -> Interval | None:
    i = bisect_right(found, at, key=lambda each: each.start) - 1
    return found[i] if i >= 0 and at < found[i].end else None


def _joined(found: Sequence[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for each in found:
        if joined and joined[-1][2:] == each[2:]:
            joined[-1] = joined[-1]._replace(end=each.end)
        else:
            joined.append(each)
    return joined
