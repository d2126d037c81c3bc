"""Words for amounts, local times, rules and stages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

from schemas.instants import SECOND
from schemas.policy import Point, Rule, Stage, Unit
from streams.core.calendars import Calendar
from streams.core.explain_intervals import wall

ANCHORS: Final = {
    "message": "the date promised",
    "appointment": "the slot asked for",
    "result": "the date promised",
    "questionnaire": "the visit",
}
"""What the anchor is, by workflow."""
_FEW = 4


def amount(micros: int) -> str:
    """`3 h 30 min`, `4 h`, `45 min`, `1 min 30.5 s`, `0 min`; exact."""
    seconds, fraction = divmod(micros, SECOND)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    said = [f"{hours} h"] if hours else []
    said += [f"{minutes} min"] if minutes else []
    if seconds or fraction:
        said.append(f"{seconds}{_fraction(fraction)} s")
    return " ".join(said) or "0 min"


def clock(at: int, calendar: Calendar) -> str:
    """`08:00` in the calendar's local time, finer if it is not zero; `01:30 CST` where that time comes twice."""
    local = wall(at, calendar)
    seconds = f":{local:%S}" if local.second or local.microsecond else ""
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{local:%H:%M}{seconds}{_fraction(local.microsecond)}{f' {local:%Z}' if twice else ''}"


def moment(at: int, calendar: Calendar) -> str:
    """`Thu 12 Nov 11:00`."""
    return f"{day(wall(at, calendar))} {clock(at, calendar)}"


def dated(at: int, calendar: Calendar) -> str:
    """`Thu 12 Nov 2026 11:00`."""
    local = wall(at, calendar)
    return f"{day(local)} {local.year} {clock(at, calendar)}"


def span(start: str, end: str, space: str = "") -> str:
    """Both with an en dash between; `space` stands on its either side."""
    return f"{start}{space}\N{EN DASH}{space}{end}"


def day(on: date | datetime) -> str:
    """`Thu 12 Nov`."""
    return f"{on:%a} {on.day} {on:%b}"


def _fraction(micros: int) -> str:
    return f".{micros:06}".rstrip("0") if micros else ""


def listed(words: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return f" {last} ".join([*([", ".join(words[:-1])] if words[:-1] else []), *words[-1:]])


def few(words: Iterable[str]) -> str:
    """The first four, and how many there are beyond."""
    found = list(words)
    more = len(found) - _FEW
    return listed(found) if more <= 0 else f"{', '.join(found[:_FEW])} and {more} more"


def part(rule: Rule, name: str, anchor: str) -> str:
    """A part of a rule: `within 2 business days`, `1 business day before the visit`."""
    if name == "within" and rule.within is not None:
        return f"within {rule.within.text}"
    if name == "by" and rule.by is not None:
        return "by the end of the day" if rule.by == 0 else f"by the end of {plural(rule.by, 'business day')}"
    assert rule.before is not None, "a rule has the part that it is asked for"
    return f"{rule.before.text} before {anchor}"


def parts(rule: Rule, names: Iterable[str], anchor: str) -> str:
    """The rule's due: its parts, of which the earliest counts."""
    said = [part(rule, name, anchor) for name in names]
    return f"{listed(said)}, whichever is earlier" if len(said) > 1 else said[0]


def condition(rule: Rule) -> str:
    """`, for priority urgent and department cardiology or oncology`; empty if it takes all."""
    said = [f"{key} {listed(sorted(values), 'or')}" for key, values in rule.when.items()]
    return f", for {listed(said)}" if said else ""


def plural(count: int, noun: str) -> str:
    """`1 business day`, `2 business days`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def point(stage: Stage) -> str:
    """When a stage comes: `at 75 % of the time`, `1 business hour before the due`, `at the due`."""
    if stage.point is Point.PERCENT:
        return f"at {stage.percent / 100:g} % of the time"
    if stage.point is Point.DUE:
        return "at the due"
    assert stage.offset is not None, "a stage before or after the due says by how much"
    return f"{stage.offset.text} {'before' if stage.point is Point.BEFORE else 'after'} the due"


def in_business_days(rule: Rule, name: str) -> bool:
    """Whether that part of the rule counts business days."""
    duration = rule.within if name == "within" else rule.before
    return name == "by" or (duration is not None and duration.unit is Unit.BUSINESS_DAYS)


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest; an empty one takes no room."""
    widths = [max(map(len, column), default=0) for column in zip(*rows, strict=True)]
    told = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width) for row in rows)
    return [row.rstrip() for row in told]
