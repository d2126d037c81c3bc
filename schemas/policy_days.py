"""Days of the week, windows of a day and dates, as a calendar of the policy file has them.

Each parser takes the text of one scalar and raises ValueError with what would be right.  Windows
are minutes since the local midnight of their date; one that passes midnight ends above 1440.
Overlap is judged here for weekdays; where a date has windows of its own (`open`), what stands
next to them depends on holidays, which `streams.core.policy_check` knows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from schemas.policy import Window

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS_FORM = '`mon`, `mon-fri`, `"mon, wed"`, `fri-mon` or `daily`'
WINDOWS_FORM = "`HH:MM-HH:MM`, several of them with spaces between, such as `08:00-12:00 12:30-17:00`"
FIRST_DATE = date(1999, 12, 31)
LAST_DATE = date(2100, 1, 1)
MIDNIGHT = 24 * 60

_WINDOW = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def days(text: str) -> frozenset[int]:
    """Weekdays, Monday 0: a day, a range that may wrap, several by comma, or `daily`."""
    if text == "daily":
        return frozenset(range(7))
    found: list[int] = []
    for part in text.split(","):
        found += _range(part.strip(), text)
    twice = next((day for day in found if found.count(day) > 1), None)
    if twice is not None:
        raise ValueError(f"`{text}` names {WEEKDAYS[twice]} twice; name each day once")
    return frozenset(found)


def _range(part: str, text: str) -> list[int]:
    ends = part.split("-")
    for day in ends:
        if day not in WEEKDAYS:
            hint = f"; did you mean `{day[:3].lower()}`?" if day[:3].lower() in WEEKDAYS else ""
            raise ValueError(f"`{day or text}` is no day{hint}; days are {DAYS_FORM}")
    if len(ends) > 2 or (len(ends) == 2 and ends[0] == ends[1]):
        raise ValueError(f"`{part}` is no range of days; days are {DAYS_FORM}")
    first, last = WEEKDAYS.index(ends[0]), WEEKDAYS.index(ends[-1])
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)]


def windows(text: str) -> tuple[Window, ...]:
    """The windows of one date in order of opening; overlapping ones are refused, touching ones fine."""
    found = sorted(_window(part) for part in text.split())
    if not found:
        raise ValueError(f"names no window; write {WINDOWS_FORM}")
    for early, late in pairwise(found):
        if late[0] < early[1]:
            raise ValueError(f"`{clock(early)}` and `{clock(late)}` overlap; windows may touch, but not overlap")
    return tuple(found)


def _window(text: str) -> Window:
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is no window; write {WINDOWS_FORM}")
    opens, closes = _minutes(match[1], match[2]), _minutes(match[3], match[4])
    if opens == MIDNIGHT:
        raise ValueError(f"`{text}` opens at 24:00; only an end may be 24:00, write 00:00 of the next day")
    if opens == closes:
        raise ValueError(f"`{text}` opens when it closes; all day is `00:00-24:00`, and a closed day is left out")
    return opens, closes if closes > opens else closes + MIDNIGHT


def _minutes(hours: str, minutes: str) -> int:
    at = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or at > MIDNIGHT:
        raise ValueError(f"`{hours}:{minutes}` is no time of day; it is 00:00 to 24:00")
    return at


def clock(window: Window) -> str:
    """A window as the file would have it."""
    opens, closes = window
    ends = closes if closes <= MIDNIGHT else closes - MIDNIGHT
    return f"{opens // 60:02}:{opens % 60:02}-{ends // 60:02}:{ends % 60:02}"


def spill(before: Sequence[Window], after: Sequence[Window]) -> str | None:
    """What is wrong between a date's windows and the next date's, if the first run on into the second."""
    if before and after and before[-1][1] - MIDNIGHT > after[0][0]:
        return (
            f"`{clock(after[0])}` overlaps `{clock(before[-1])}`, which runs on from the day before; "
            f"windows may touch, but not overlap"
        )
    return None


def calendar_date(text: str) -> date:
    """A date `YYYY-MM-DD` that exists and that the calendars reach."""
    if _DATE.fullmatch(text) is None:
        raise ValueError(f"`{text}` is no date; write YYYY-MM-DD, such as 2026-12-24")
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"`{text}` does not exist; write YYYY-MM-DD, such as 2026-12-24") from None
    if not FIRST_DATE <= found <= LAST_DATE:
        raise ValueError(f"`{text}` is out of reach; a calendar answers for 2000 to 2099")
    return found
