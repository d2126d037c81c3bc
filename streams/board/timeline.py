"""An item's page: what happened and what will, what time counts, and why it is due when it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from schemas.instants import parse
from streams.board import words
from streams.web.forms import CycleForm, Happened, Item, Judged, Rung

ACTIONS: Final = {
    "open": "The patient wrote",
    "stop": "Done",
    "cancel": "Cancelled",
    "pause": "Waiting for the patient",
    "resume": "The patient answered",
    "route": "Passed on",
    "attempt": "The patient looked and found nothing",
    "acknowledge": "Acknowledged",
    "snooze": "Snoozed",
}
OPENED: Final = {
    "message": "The patient wrote",
    "appointment": "An appointment was asked for",
    "result": "A result was promised",
    "questionnaire": "A questionnaire was sent in",
}
STOPPED: Final = {
    "message": "Answered, or closed without need of an answer",
    "appointment": "Confirmed or declined",
    "result": "Released",
    "questionnaire": "Reviewed",
}
STATES: Final = {
    "to_come": "to come",
    "waiting": "its time has come; it is held back, or waits for opening hours",
    "firing": "fired",
    "told": "fired, and is resolved",
    "covered": "said by a later stage",
    "not_needed": "not needed",
}
WHY: Final = {"open": "open", "elapsed": "every hour counts", "closed": "closed", "paused": "waiting for the patient"}
KINDS: Final = ("event", "due", "stage", "now")
"""In the order in which they stand at one time."""
PLAIN_WIDTH: Final = 1000


class Moment(NamedTuple):
    """One point of the timeline."""

    at: int
    kind: str
    """One of `KINDS`."""
    state: str
    when: str
    title: str
    detail: str
    ahead: bool


class Bar(NamedTuple):
    """A stretch or a mark of the picture of time; `x` and `width` in thousandths."""

    x: float
    width: float
    kind: str
    label: str


class Stretch(NamedTuple):
    """A stretch of time, for the table."""

    start: str
    end: str
    amount: str
    counted: bool
    why: str


class Told(NamedTuple):
    """A cycle, told."""

    cycle: CycleForm
    title: str
    moments: list[Moment]
    clocks: list[Clocked]


class Clocked(NamedTuple):
    """How one clock judges it."""

    judged: Judged
    name: str
    bars: list[Bar]
    marks: list[Bar]
    stretches: list[Stretch]
    counted: str
    uncounted: str


def told(item: Item, now: int) -> list[Told]:
    """The cycles of an item, the last first; `now` in microseconds."""
    found = []
    for cycle in reversed(item.cycles):
        zone = ZoneInfo(cycle.clocks[0].timezone if cycle.clocks else item.row.timezone or "UTC")
        end = "" if cycle.end is None else f" to {words.dated(cycle.end, zone)}"
        moments = [*_events(item, cycle, zone), *_stages(cycle, zone, now), *_dues(cycle, zone, now)]
        if cycle.end is None:
            moments.append(Moment(now, "now", "", words.when(now, zone, now), "Now", "", ahead=False))
        found.append(
            Told(
                cycle, f"{words.dated(cycle.start, zone)}{end}", sorted(moments, key=_order),
                [_clocked(each, cycle, zone, now) for each in cycle.clocks],
            )
        )  # fmt: skip
    return found


def _order(moment: Moment) -> tuple[int, int]:
    return moment.at, KINDS.index(moment.kind)


def _events(item: Item, cycle: CycleForm, zone: ZoneInfo) -> Iterable[Moment]:
    start, now = parse(cycle.start), parse(item.now)
    end = None if cycle.end is None else parse(cycle.end)
    for each in item.history:
        at = parse(each.time)
        if start <= at and (end is None or at <= end):
            title = OPENED[item.row.workflow] if at == start else ACTIONS[each.action]
            title = STOPPED[item.row.workflow] if each.action == "stop" else title
            yield Moment(at, "event", each.action, words.when(at, zone, now), title, _detail(each, zone), ahead=False)


def _detail(each: Happened, zone: ZoneInfo) -> str:
    said = [f"to {name}" for name in (each.owner, each.pool, each.department) if name and each.action == "route"]
    if each.action != "route":
        said = [name for name in (each.department, each.pool, each.owner) if name]
    said += [each.priority] if each.priority and each.priority != "routine" else []
    said += [each.kind] if each.kind else []
    said += [f"until {words.dated(each.until, zone)}"] if each.until else []
    said += [f"hangs on {words.dated(each.anchor, zone)}"] if each.anchor else []
    said += [f"by {each.by}"] if each.by else []
    return ", ".join(said)


def _stages(cycle: CycleForm, zone: ZoneInfo, now: int) -> Iterable[Moment]:
    several = len(cycle.clocks) > 1
    for judged in cycle.clocks:
        for rung in judged.stages:
            at = parse(rung.fired_at or rung.at)
            title = words.stage(rung.name).capitalize() + (f" ({judged.clock})" if several else "")
            state = rung.state.replace("_", "-")
            ahead = rung.state == "to_come"
            yield Moment(at, "stage", state, words.when(at, zone, now), title, _who(rung), ahead=ahead)


def _who(rung: Rung) -> str:
    names = ", ".join(rung.recipients) or "nobody"
    targets = ", ".join(each.replace("_", " ") for each in rung.notify)
    if rung.state in ("firing", "told"):
        return f"{names} told ({targets}, {rung.severity}); {STATES[rung.state]}"
    if rung.state == "to_come":
        return f"would tell {names} ({targets}, {rung.severity})"
    return STATES[rung.state]


def _dues(cycle: CycleForm, zone: ZoneInfo, now: int) -> Iterable[Moment]:
    for judged in cycle.clocks:
        if judged.due is not None:
            at = parse(judged.due)
            ahead = at > now and cycle.end is None
            short = "; short notice, so it was put off" if judged.short_notice else ""
            outcome = "missed" if at <= now and judged.outcome == "pending" else judged.outcome
            detail = f"{judged.clock}: {outcome}{short}"
            yield Moment(at, "due", judged.outcome, words.when(at, zone, now), "Due", detail, ahead=ahead)


def _clocked(judged: Judged, cycle: CycleForm, zone: ZoneInfo, now: int) -> Clocked:
    start = parse(judged.start)
    ends = [parse(each.end) for each in judged.intervals] + [parse(rung.at) for rung in judged.stages]
    ends += [parse(judged.due)] if judged.due else []
    ends += [parse(cycle.end)] if cycle.end else [now]
    width = max(1, max(ends) - start) * 1.04
    sums = {True: 0, False: 0}
    for each in judged.intervals:
        sums[each.counted] += parse(each.end) - parse(each.start)

    def x(at: str | int) -> float:
        return round(((parse(at) if isinstance(at, str) else at) - start) / width * PLAIN_WIDTH, 1)

    bars = [
        Bar(x(each.start), round(x(each.end) - x(each.start), 1), _kind(each.counted, each.why), _why(each.why))
        for each in judged.intervals
    ]
    marks = [Bar(x(rung.at), 0, "stage", words.stage(rung.name)) for rung in judged.stages]
    marks += [Bar(x(judged.due), 0, "due", "due")] if judged.due else []
    marks += [Bar(x(now), 0, "now", "now")] if cycle.end is None else [Bar(x(cycle.end), 0, "end", "end")]
    return Clocked(
        judged, judged.clock.replace("-", " "), bars, marks, _stretches(judged, zone),
        words.span(sums[True] / 1e6), words.span(sums[False] / 1e6),
    )  # fmt: skip


def _stretches(judged: Judged, zone: ZoneInfo) -> list[Stretch]:
    return [
        Stretch(
            words.dated(each.start, zone), words.dated(each.end, zone),
            words.span((parse(each.end) - parse(each.start)) / 1e6), each.counted, _why(each.why),
        )
        for each in judged.intervals
    ]  # fmt: skip


def _kind(counted: bool, why: str) -> str:
    return "counted" if counted else "paused" if why == "paused" else "uncounted"


def _why(why: str) -> str:
    return WHY.get(why, why)
