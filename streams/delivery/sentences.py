"""A digest in sentences: what is alike becomes one of them, the most urgent first, and of many the first few.

Theory of operation. `compose` makes what templates are given. Alike is what begins or ends alike, of one workflow,
department, stage and severity. Silent feeds come first, for they put the rest in doubt; then what is critical, what
stands highest on its ladder, and what is due first. Of several stages of one cycle's ladder the highest alone is said:
the others are so no more. Times of day are said where an alert holds a due time, which is
where its sink may name instants (`detail: full`). Names are cut, so a digest has a length that no sender can stretch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from schemas import instants
from schemas.alerts import AlertData
from schemas.policy import UNASSIGNED, Policy
from streams.core.feeds import STAGE as FEED_SILENT
from streams.delivery import words
from streams.delivery.digest import Kind, News

MOST_LINES: Final = 8
LONGEST_NAME: Final = 64
"""Letters."""
CRITICAL: Final = "critical"
SOON: Final = "due-soon"

Ladder = Mapping[tuple[str, str], int]
"""By clock and stage: how high it stands."""
When = Callable[[AlertData], str | None]
"""The time of day at which an alert is due, in words."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence, without its full stop.

    `short`: without a time of day. `over`: it is about what has ended. `refs`: of the cycles, in the order of their due
    times; `items`: the same for whom instants and items may be named, else empty.
    """

    sentence: str
    short: str
    count: int
    severity: str
    over: bool
    workflow: str
    department: str | None
    stage: str | None
    guide: str | None
    refs: tuple[str, ...]
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """What templates are given.

    `lines`: the most urgent first. `more`: how many alerts are in none of them. `count`: how many there are in all.
    `silent`: workflows whose feed was silent when they were said. `link`: to the board, or to the one thing told.
    """

    lines: tuple[Line, ...]
    more: int
    count: int
    silent: tuple[str, ...]
    link: str

    @property
    def critical(self) -> bool:
        """Whether anything that is not over is critical."""
        return any(line.severity == CRITICAL and not line.over for line in self.lines)

    @property
    def over(self) -> bool:
        """Whether all of it is over."""
        return all(line.over for line in self.lines)


def ladder(policy: Policy) -> dict[tuple[str, str], int]:
    """How high each stage of a policy stands."""
    return {(clock.name, stage.name): place for clock in policy.clocks for place, stage in enumerate(clock.stages)}


def compose(news: Iterable[News], places: Ladder, when: When, url: str) -> Text:
    """What one digest says. `url`: of the board, with a slash at its end."""
    everything = list(_highest(news, places))
    groups: dict[tuple[object, ...], list[News]] = {}
    for each in everything:
        data = each.told
        groups.setdefault((each.kind, data.severity, data.workflow, data.department, data.stage), []).append(each)
    ordered = [sorted(group, key=_due) for group in groups.values()]
    ordered.sort(key=lambda group: _urgency(group, places))
    lines = tuple(_line(group, when) for group in ordered[:MOST_LINES])
    silent = {each.told.workflow for each in everything if each.told.feed == "silent" and each.told.clock is not None}
    one = everything[0].ref if len(everything) == 1 else None
    return Text(
        lines=lines, more=len(everything) - sum(line.count for line in lines), count=len(everything),
        silent=tuple(sorted(silent)), link=url if one is None else f"{url}refs/{one}",
    )  # fmt: skip


def day_and_time(at: float, now: float, zone: tzinfo) -> str:
    """`16:40`; `Fri 16:40` on another day of the week to come or gone; else `27 Nov 16:40`. UNIX seconds."""
    then, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone)
    if then.date() == today.date():
        return f"{then:%H:%M}"
    near = abs(then.date() - today.date()) < timedelta(days=7)
    return f"{then:%a %H:%M}" if near else f"{then.day} {then:%b %H:%M}"


def in_zone_of(policy: Policy, now: float, wall: Callable[[int], float]) -> When:
    """When an alert is due, in the time zone of its department's calendar.

    Args:
        now: UNIX seconds of the wall. wall: its UNIX seconds at an instant of the clock (microseconds).
    """

    def when(data: AlertData) -> str | None:
        if data.due_at is None:
            return None
        entry = policy.departments.get(data.department or UNASSIGNED)
        calendar = policy.calendars[(entry and entry.calendar) or policy.defaults.calendar or ""]
        return day_and_time(wall(instants.parse(data.due_at)), now, ZoneInfo(calendar.timezone))

    return when


def clipped(name: str) -> str:
    """A name on one line, with an end."""
    one = " ".join(name.split())
    return one if len(one) <= LONGEST_NAME else one[: LONGEST_NAME - 1] + "…"


def _highest(news: Iterable[News], places: Ladder) -> list[News]:
    """Without what a higher stage of the same cycle's ladder has overtaken."""
    given = list(news)
    top: dict[tuple[str | None, str | None], int] = {}
    for each in given:
        rung = each.ref, each.told.clock
        if each.kind is Kind.BEGIN:
            top[rung] = max(_place(each, places), top.get(rung, -1))
    return [
        each
        for each in given
        if each.kind is not Kind.BEGIN
        or each.ref is None
        or _place(each, places) in (-1, top[each.ref, each.told.clock])
    ]


def _place(each: News, places: Ladder) -> int:
    """How high it stands; -1 for what is on no ladder."""
    return places.get((each.told.clock or "", each.told.stage or ""), -1)


def _due(each: News) -> int:
    return instants.LAST if each.told.due_at is None else instants.parse(each.told.due_at)


def _urgency(group: Sequence[News], places: Ladder) -> tuple[bool, bool, bool, int, int, int, str, str]:
    first = group[0]
    data = first.told
    return (
        first.kind is Kind.END, data.stage != FEED_SILENT, data.severity != CRITICAL,
        -_place(first, places), _due(first), -len(group),
        data.workflow, data.department or "",
    )  # fmt: skip


def _line(group: Sequence[News], when: When) -> Line:
    first, count = group[0], len(group)
    data, over = first.told, first.kind is Kind.END
    short = _sentence(data, count, over=over)
    at = None if over or data.clock is None else when(data)
    one = "at" if data.stage == SOON else "due"  # `is due soon, due 16:40` says it twice
    time = "" if at is None else f", {one} {at}" if count == 1 else f", the first at {at}"
    return Line(
        sentence=short + time, short=short, count=count, severity=data.severity or "warning", over=over,
        workflow=data.workflow, department=None if data.department is None else clipped(data.department),
        stage=data.stage, guide=data.guide, refs=tuple(each.ref for each in group if each.ref is not None),
        items=tuple(each.told.item for each in group if each.told.item is not None and data.clock is not None),
    )  # fmt: skip


def _sentence(data: AlertData, count: int, *, over: bool) -> str:
    if data.clock is None:
        back = f"{data.workflow.capitalize()} events arrive from the portal again"
        return back if over else words.silence(data.workflow)
    where = words.where(None if data.department is None else clipped(data.department))
    says = words.OVER[count != 1] if over else words.stage(data.stage or "", count)
    return f"{words.what(data.workflow, count)} {where} {says}"
