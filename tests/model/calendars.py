"""Open time as lists of windows (contract T1, T2, T8, T9).

A calendar is a dict: `name`, `zone`, `hours` (weekday 0..6 to a list of (opens, closes) in minutes of local wall time,
closes past 1440 after midnight), `business_days` (a set of weekdays or None), `holidays`, `not_holidays`, `closed`,
`open`, and `cache` (date to its windows). `windows_of` turns one local date into UTC windows; `forward` and `backward`
walk the windows from an instant, day by day. Everything else walks those lists. Touching windows need no joining: an
instant at which one closes and the next opens is open, and sums run through it.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .instants import END, FIRST, HOUR, micros, moment

Window = tuple[int, int]
ONE_DAY = timedelta(days=1)


class CalendarError(Exception):
    """An instant outside 2000..2099 was asked of a calendar (T9)."""


def to_instant(local: datetime, zone: ZoneInfo) -> int:
    """A local wall time as an instant: skipped is the first instant after the gap, twice is its first (T8)."""
    early = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == local:
        return micros(early)
    before = micros(local.replace(tzinfo=zone, fold=1).astimezone(UTC))
    after = micros(early)
    offset = moment(after).astimezone(zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if moment(middle).astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


def local_time(cal: dict[str, Any], instant: int) -> datetime:
    """The local wall time of an instant, without a zone."""
    return moment(instant).astimezone(cal["zone"]).replace(tzinfo=None)


def is_holiday(cal: dict[str, Any], day: date) -> bool:
    """Whether the calendar's holidays name the date, and not all of its names are worked."""
    if cal["holidays"] is None or day not in cal["holidays"]:
        return False
    names = cal["holidays"].get_list(day)
    return not all(name in cal["not_holidays"] for name in names)


def hours_of(cal: dict[str, Any], day: date) -> list[Window]:
    """The date's windows in minutes of local wall time."""
    if day in cal["open"]:
        return list(cal["open"][day])
    if day in cal["closed"] or is_holiday(cal, day):
        return []
    return list(cal["hours"].get(day.weekday(), []))


def windows_of(cal: dict[str, Any], day: date) -> list[Window]:
    """The UTC windows that belong to a local date, in order; those without length are none."""
    if day not in cal["cache"]:
        midnight = datetime(day.year, day.month, day.day)
        pairs = [
            tuple(to_instant(midnight + timedelta(minutes=edge), cal["zone"]) for edge in window)
            for window in sorted(hours_of(cal, day))
        ]
        cal["cache"][day] = [(opens, closes) for opens, closes in pairs if closes > opens]
    found: list[Window] = cal["cache"][day]
    return found


def check(cal: dict[str, Any], instant: int) -> None:
    """CalendarError unless the instant lies in 2000..2099."""
    if not FIRST <= instant < END:
        raise CalendarError(f"calendar {cal['name']}: instant outside 2000-01-01 to 2099-12-31")


def forward(cal: dict[str, Any], instant: int) -> Iterator[Window]:
    """The windows that close after the instant, in order, for ever (CalendarError past 2099)."""
    check(cal, instant)
    day = local_time(cal, instant).date() - ONE_DAY
    while day.year <= 2100:
        for opens, closes in windows_of(cal, day):
            if closes > instant:
                yield opens, closes
        day += ONE_DAY
    raise CalendarError(f"calendar {cal['name']}: no answer past 2099-12-31")


def backward(cal: dict[str, Any], instant: int) -> Iterator[Window]:
    """The windows that open before the instant, latest first (CalendarError before 2000)."""
    check(cal, instant)
    day = local_time(cal, instant).date()
    while day.year >= 1999:
        for opens, closes in reversed(windows_of(cal, day)):
            if opens < instant:
                yield opens, closes
        day -= ONE_DAY
    raise CalendarError(f"calendar {cal['name']}: no answer before 2000-01-01")


def day_of(cal: dict[str, Any], instant: int) -> date | None:
    """The date to which an open instant belongs; None in closed time."""
    today = local_time(cal, instant).date()
    for day in (today - ONE_DAY, today):
        if any(opens <= instant < closes for opens, closes in windows_of(cal, day)):
            return day
    return None


def day_closed_by(cal: dict[str, Any], instant: int) -> date | None:
    """The date one of whose windows closes exactly at the instant."""
    today = local_time(cal, instant).date()
    for day in (today, today - ONE_DAY):
        if any(closes == instant for _, closes in windows_of(cal, day)):
            return day
    return None


def is_open(cal: dict[str, Any], instant: int) -> bool:
    """Whether the instant lies in a window."""
    return day_of(cal, instant) is not None


def next_opening(cal: dict[str, Any], instant: int) -> int:
    """The first instant at or after this one that is open."""
    return max(instant, next(forward(cal, instant))[0])


def last_closing(cal: dict[str, Any], instant: int) -> int:
    """The latest closing at or before a closed instant."""
    return next(backward(cal, instant))[1]


def callable_at(cal: dict[str, Any], instant: int) -> bool:
    """T7: open, or in a gap shorter than two hours."""
    if is_open(cal, instant):
        return True
    return next_opening(cal, instant) - last_closing(cal, instant) < 2 * HOUR


def subtract(cal: dict[str, Any], instant: int, amount: int) -> int:
    """The instant that lies so much open time before (T2, mirrored)."""
    left = amount
    for opens, closes in backward(cal, instant):
        length = min(closes, instant) - opens
        if length >= left:
            return min(closes, instant) - left
        left -= length
    raise AssertionError("backward() ends only by CalendarError")


def is_business_day(cal: dict[str, Any], day: date) -> bool:
    """T3: a date with a window, that `business_days`, if given, names."""
    named = cal["business_days"] is None or day.weekday() in cal["business_days"]
    return named and bool(windows_of(cal, day))


def nth_business_day(cal: dict[str, Any], day: date, count: int, step: int) -> date:
    """The count-th business day after (step 1) or before (step -1) the date; the date itself for 0."""
    while count:
        day += step * ONE_DAY
        if not 1999 <= day.year <= 2100:
            raise CalendarError(f"calendar {cal['name']}: no business day in 2000..2099")
        count -= is_business_day(cal, day)
    return day
