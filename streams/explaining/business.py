"""Which dates are the first, second... business day of a rule that counts them (contract T3, T10)."""

from __future__ import annotations

from datetime import date

from streams.core.calendars import Calendar
from streams.core.explain_intervals import wall

NOT_ONE = "no business day"
"""The label of a date that has hours, but that `business_days` does not name."""


def own_day(calendar: Calendar, at: int) -> int:
    """The date to which an instant belongs, as a proleptic ordinal.

    That of the window that is open at `at`; in closed time the local date.
    """
    today = wall(at, calendar).toordinal()
    for day in (today - 1, today, today + 1):
        if any(opens <= at < closes for opens, closes in calendar.windows_of(day)):
            return day
    return today


def after(calendar: Calendar, start: int, until: int) -> dict[date, str]:
    """Labels of the dates after that of the effective start: `business day 1`, `business day 2`...

    Args:
        start: the effective start, in open time.
        until: an instant on the last date that is of interest.
    """
    own, last = own_day(calendar, start), wall(until, calendar).toordinal()
    counted: dict[int, int] = {}
    day = own
    while (day := calendar.day_after(day, 1)) <= last:
        counted[day] = len(counted) + 1
    return {
        date.fromordinal(day): f"business day {counted[day]}" if day in counted else NOT_ONE
        for day in range(own + 1, last + 1)
        if day in counted or calendar.windows_of(day)
    }


def before(calendar: Calendar, due: int, anchor: int) -> dict[date, str]:
    """Labels of the dates before that of the effective anchor: `1 business day before`..."""
    at = anchor if calendar.is_open(anchor) else calendar.closing(anchor) - 1
    own, first = own_day(calendar, at), own_day(calendar, due)
    counted: dict[int, int] = {}
    day = own
    while (day := calendar.day_before(day, 1)) >= first:
        counted[day] = len(counted) + 1
    return {
        date.fromordinal(day): f"business day {counted[day]} before" if day in counted else NOT_ONE
        for day in range(first, own)
        if day in counted or calendar.windows_of(day)
    }
