"""What counts, a line a date: `Tue 10 Nov  16:00-17:00  1 h`.

The intervals are cut at local midnights.  Dates in a row on which nothing counts for one reason
share a line; of many lines the middle is summed up.  Where elapsed time counts, an interval is a
line, for dates mean nothing then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from streams.core.calendars import Calendar
from streams.core.explain_intervals import CLOSED, ELAPSED, PAUSED, Interval, counted, wall
from streams.core.explain_off import CLOSED_DATE, HOLIDAY
from streams.explaining.words import amount, clock, columns, day, few, moment, plural, span

HEAD, TAIL = 4, 3
"""Of more lines than that and two, only so many are shown at either end."""


class Line(NamedTuple):
    """One date, or several alike on which nothing counts."""

    first: date
    last: date
    what: str
    counted: int
    """Microseconds."""
    label: str = ""

    @property
    def when(self) -> str:
        """`Sat 7 Nov`, `Sat 7 Nov - Sun 8 Nov`."""
        return day(self.first) if self.first == self.last else span(day(self.first), day(self.last), " ")


def lines(found: Sequence[Interval], calendar: Calendar, labels: Mapping[date, str]) -> list[str]:
    """The intervals in the calendar's local time; `labels` stand behind the dates that have them."""
    if any(each.why == ELAPSED for each in found):
        spans = [(span(moment(i.start, calendar), moment(i.end, calendar), " "), i) for i in found]
        return columns([(when, i.why, _sum(counted([i])), "") for when, i in spans])
    dates = _merged([_line(on, cut, calendar, labels) for on, cut in _dates(found, calendar)])
    if len(dates) <= HEAD + TAIL + 1:
        return columns([_row(line) for line in dates])
    rows = columns([_row(line) for line in (*dates[:HEAD], *dates[-TAIL:])])
    return [*rows[:HEAD], _between(dates[HEAD:-TAIL]), *rows[HEAD:]]


def _dates(found: Sequence[Interval], calendar: Calendar) -> list[tuple[date, list[Interval]]]:
    """The intervals of each date, cut at its midnights."""
    cut: dict[date, list[Interval]] = {}
    for each in found:
        for ordinal in range(wall(each.start, calendar).toordinal() - 1, wall(each.end, calendar).toordinal() + 2):
            start = max(each.start, calendar.instant(ordinal, 0))
            end = min(each.end, calendar.instant(ordinal + 1, 0))
            if start < end:
                cut.setdefault(date.fromordinal(ordinal), []).append(each._replace(start=start, end=end))
    return list(cut.items())


def _line(on: date, cut: Sequence[Interval], calendar: Calendar, labels: Mapping[date, str]) -> Line:
    midnight = calendar.instant(on.toordinal() + 1, 0)
    said = [word for each in cut if (word := _piece(each, calendar, midnight, alone=len(cut) == 1))]
    return Line(on, on, ", ".join(said) or _closed(cut[0], on, calendar), counted(cut), labels.get(on, ""))


def _closed(each: Interval, on: date, calendar: Calendar) -> str:
    """`closed`, or `closed from 17:00`, `closed until 07:00` where the time that is of interest ends at that."""
    if each.start != calendar.instant(on.toordinal(), 0):
        return f"{CLOSED} from {clock(each.start, calendar)}"
    whole = each.end == calendar.instant(on.toordinal() + 1, 0)
    return CLOSED if whole else f"{CLOSED} until {clock(each.end, calendar)}"


def _piece(each: Interval, calendar: Calendar, midnight: int, *, alone: bool) -> str:
    """`08:00-12:00`, `paused 10:00-11:00`, `closed (Veterans Day)`; nothing for plain closed time."""
    if each.why.startswith(HOLIDAY):
        return f"{CLOSED} ({each.why.removeprefix(HOLIDAY)})"
    if each.why.startswith(CLOSED_DATE):
        return f"{CLOSED} (by the policy)"
    if each.why == CLOSED:
        return ""
    if each.why == PAUSED and alone:
        return PAUSED
    end = "24:00" if each.end == midnight else clock(each.end, calendar)
    return f"{'paused ' if each.why == PAUSED else ''}{span(clock(each.start, calendar), end)}"


def _merged(found: Sequence[Line]) -> list[Line]:
    merged: list[Line] = []
    for line in found:
        before = merged[-1] if merged else None
        if (
            before
            and not before.counted
            and not line.counted
            and (before.what, before.label) == (line.what, line.label)
        ):
            merged[-1] = before._replace(last=line.last)
        else:
            merged.append(line)
    return merged


def _between(hidden: Sequence[Line]) -> str:
    """`… 12 more days, 96 h`; a holiday among them is named."""
    days = sum((line.last - line.first).days + 1 for line in hidden)
    named = [f"{line.when} {line.what}" for line in hidden if "(" in line.what]
    also = f"; {few(named)}" if named else ""
    return f"… {plural(days, 'more day')}, {amount(sum(line.counted for line in hidden))}{also}"


def _row(line: Line) -> tuple[str, str, str, str]:
    return line.when, line.what, _sum(line.counted), line.label


def _sum(micros: int) -> str:
    return amount(micros) if micros else ""
