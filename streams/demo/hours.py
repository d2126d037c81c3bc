"""Whether the clinic is open at an instant, and until when: what stands beside the clock. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from streams.core.calendars import Calendar
from streams.demo.sentences import local, span, wall

OPEN, LUNCH, CLOSED, HOLIDAY = "open", "lunch", "closed", "holiday"


class Moment(NamedTuple):
    """How it stands; instants and amounts in microseconds."""

    word: str
    """OPEN, LUNCH (a gap between two windows of one date), CLOSED, or HOLIDAY."""
    until: int
    """When that ends."""
    left: int
    """Open time that is left of the date."""


def moment(calendar: Calendar, now: int) -> Moment:
    """How it stands at `now`."""
    today = wall(now, calendar.zone).date().toordinal()
    windows = [*calendar.windows_of(today - 1), *calendar.windows_of(today)]  # yesterday's may pass midnight
    left = sum(max(0, closes - max(opens, now)) for opens, closes in windows)
    for opens, closes in windows:
        if opens <= now < closes:
            return Moment(OPEN, closes, left)
    until = calendar.opening(now)
    if not calendar.windows_of(today):
        usual = calendar.spec.hours[wall(now, calendar.zone).weekday()]
        return Moment(HOLIDAY if usual else CLOSED, until, left)
    between = any(closes <= now for _, closes in calendar.windows_of(today)) and left > 0
    return Moment(LUNCH if between else CLOSED, until, left)


def described(calendar: Calendar, now: int) -> str:
    """`until 12:00, 5 h 48 min of open time left today`; for closed time, when it opens."""
    found = moment(calendar, now)
    tomorrow = wall(now, calendar.zone).date() + timedelta(days=1)
    if found.word == OPEN:
        until = wall(found.until, calendar.zone)
        return f"until {until:%H:%M}, {span(found.left)} of open time left today"
    opens = wall(found.until, calendar.zone)
    if opens.date() < tomorrow:
        return f"opens at {opens:%H:%M}"
    return f"opens {local(found.until, calendar.zone, now)}, in {span(found.until - now)}"


def shown(calendar: Calendar, now: int) -> str:
    """`Thu 5 Nov 10:42`: the clinic's clock."""
    at = wall(now, calendar.zone)
    return f"{at:%a} {at.day} {at:%b %H:%M}"
