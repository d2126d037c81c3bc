"""Durations, and an instant, as people write them (contract section 3, `Durations`).

A duration is a number and what it counts: `90 minutes`, `1.5 business hours`, `2 business days`.
Each function takes the text of one scalar and gives an integer form of it: microseconds, or whole
business days.  A text out of form raises ValueError, whose message says what would be right; the
caller knows the file and the line.
"""

from __future__ import annotations

import re

from schemas import instants
from schemas.policy import DAY, HOUR, MINUTE, Duration, Unit

FORM = "`N minutes`, `N hours`, `N days`, or the same with `business`, such as `4 business hours`"
ELAPSED_FORM = "`N minutes`, `N hours` or `N days`, such as `7 days`"
OPEN_FORM = "`N business minutes` or `N business hours`, or `0 minutes` to turn it off"
BY_FORM = "`end of N business days`, such as `end of 3 business days`; N = 0 is the day of the start"

LONGEST_DAYS = 36_525
"""The calendars answer for a century (T9): a longer duration can only be a slip of the pen."""

_MICROSECONDS = {"minute": MINUTE, "hour": HOUR, "day": DAY}
_DURATION = re.compile(r"([0-9]{1,9})(?:\.([0-9]+))? +(business +)?(minute|hour|day)s?")
_BY = re.compile(r"end +of +([0-9]{1,9}) +business +days?")


def duration(text: str) -> Duration:
    """Any duration, above 0."""
    found = _read(text, FORM)
    if found.amount == 0:
        raise ValueError(f"`{text}` is no time at all; a duration is above 0: {FORM}")
    return found


def elapsed(text: str) -> int:
    """Elapsed time above 0, in microseconds (`reorder_window`, `max_age`, `attempts.within`...)."""
    found = _read(text, ELAPSED_FORM)
    if found.unit is not Unit.ELAPSED:
        raise ValueError(f"`{text}` counts open time, but this is elapsed time: {ELAPSED_FORM}")
    return duration(text).amount


def lead(text: str) -> Duration:
    """`settings.lead` (T11): open time in minutes or hours; any zero of minutes or hours is off."""
    found = _read(text, OPEN_FORM)
    if found.unit is Unit.ELAPSED and found.amount == 0 and "day" not in text:
        return Duration(Unit.OPEN, 0, found.text)
    if found.unit is not Unit.OPEN:
        raise ValueError(f"`{text}` is not open time in minutes or hours: {OPEN_FORM}")
    return found


def end_of_day(text: str) -> int:
    """The N of `end of N business days`, 0 and up."""
    match = _BY.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is not {BY_FORM}")
    days = int(match[1])
    _within_a_century(text, days * DAY)
    return days


def instant(text: str) -> int:
    """RFC 3339 with an offset, in microseconds since the epoch, UTC."""
    try:
        return instants.parse(text)
    except ValueError as error:
        raise ValueError(f"`{text}` {error}") from None


def _read(text: str, form: str) -> Duration:
    """A duration, zero allowed; `form` is what the message offers."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is no duration here; write {form}")
    whole, decimals, business, unit = match[1], match[2] or "", match[3], match[4]
    if len(decimals) > 2:
        raise ValueError(f"`{text}` has more than two decimals; at most two are read")
    if business and unit == "day":
        if decimals:
            raise ValueError(f"`{text}` is not a whole number; business days are whole, such as `2 business days`")
        _within_a_century(text, int(whole) * DAY)
        return Duration(Unit.BUSINESS_DAYS, int(whole), text)
    amount = int(whole + decimals.ljust(2, "0")) * (_MICROSECONDS[unit] // 100)
    _within_a_century(text, amount)
    return Duration(Unit.OPEN if business else Unit.ELAPSED, amount, text)


def _within_a_century(text: str, amount: int) -> None:
    if amount > LONGEST_DAYS * DAY:
        raise ValueError(f"`{text}` is longer than the calendars reach; at most {LONGEST_DAYS} days")
