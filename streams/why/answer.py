"""From evidence to the answer. Pure: no broker, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from schemas import instants
from schemas.alerts import FIRED, RESOLVED, Alert
from schemas.events import Action, Event
from schemas.policy import UNASSIGNED, WORKFLOWS
from streams.core.book import Book
from streams.core.calendars import CalendarRangeError
from streams.core.explain import Explanation, explain
from streams.core.fold import Cycle as Folded
from streams.core.keeping import folded
from streams.core.state import ClockState, ItemState
from streams.core.voice import Speaker
from streams.deadletters import ANCHOR_MISSING
from streams.explaining.text import summary
from streams.why import compare, forms, replay
from streams.why.evidence import Came, Evidence, Said
from streams.why.forms import Cycle, Finding, Judged, Refused, Told, Why, Work
from streams.why.replay import Account, Arrival, Rule
from streams.why.sinks import Sinks, delivered
from streams.why.stages import Known, hold_forms, holds, stages

SLACK: Final = 10 * instants.SECOND
"""Microseconds of the wall: what was due so lately may still be on its way."""


class Moment(NamedTuple):
    """As of when is answered; microseconds of the system's clock."""

    at: int
    now: int
    rate: float
    clock: Callable[[float], int]
    """UNIX seconds of the wall to the system's clock."""


class Piece(NamedTuple):
    """An item in one workflow, before it is told."""

    workflow: str
    item: str
    account: Account
    said: dict[str, Said]
    arrivals: list[Arrival]
    at: int
    sinks: Sinks


def answer(item: str, workflow: str | None, found: Evidence, moment: Moment, sinks: Sinks, source: str) -> Why:
    """The whole answer but for its first sentence, which `headline` makes.

    Args:
        source: of the workers' alerts.
    """
    rules = [Rule(moment.clock(d.at), Book(d.policy, d.text), d.offset) for d in found.decrees]
    works: list[Work] = []
    findings: list[Finding] = []
    for each in [workflow] if workflow else WORKFLOWS:
        said = _said(found, each, moment.at)
        arrivals = _arrivals(found, each, moment)
        if not (arrivals or said) or not rules:
            continue
        partition = _partition(found, each, said)
        account = replay.account(
            rules, arrivals, moment.at, Speaker(source, partition or 0), int(replay.CLOSE * moment.rate)
        )
        piece = Piece(each, item, account, said, arrivals, moment.at, sinks)
        note = _incomparable(found, piece, rules)
        works.append(_work(piece, partition, note))
        if note is None:
            findings += _findings(found, piece, moment)
    refused = [_refused(found, came) for came in found.came if came.where in found.refused]
    return Why(
        item=item, at=instants.text(moment.at), answer="", works=works, refused=refused, findings=findings,
    )  # fmt: skip


# -- what of the evidence is the workflow's ---------------------------------------------------------------------------


def _said(found: Evidence, workflow: str, at: int) -> dict[str, Said]:
    """By id, in the order in which it was said; the same id again says nothing new."""
    said: dict[str, Said] = {}
    for each in found.said:
        if each.alert.data.workflow == workflow and instants.parse(each.alert.time) <= at:
            said.setdefault(each.alert.id, each)
    return said


def _arrivals(found: Evidence, workflow: str, moment: Moment) -> list[Arrival]:
    arrivals = []
    for came in found.came:
        event, letter = came.event, found.refused.get(came.where)
        if event is None or event.workflow != workflow or event.entry.action == Action.HEARTBEAT:
            continue
        if letter is not None and letter.reason != ANCHOR_MISSING:
            continue
        at = min(moment.clock(came.at / 1000), moment.now)
        arrivals.append(Arrival(at, event))
    known = [each for each in arrivals if each.at <= moment.at]
    return sorted(known, key=lambda each: (each.at, each.event.entry.time))


def _partition(found: Evidence, workflow: str, said: dict[str, Said]) -> int | None:
    for each in said.values():
        return each.partition
    return next((c.where[1] for c in found.came if _is_of(c.event, workflow)), None)


def _is_of(event: Event | None, workflow: str) -> bool:
    return event is not None and event.workflow == workflow


def _incomparable(found: Evidence, piece: Piece, rules: Sequence[Rule]) -> str | None:
    """Why what was said cannot be compared; None if it can."""
    first = piece.arrivals[0].at if piece.arrivals else None
    starts = [each.alert.data.opened_at for each in piece.said.values()]
    begun = min((instants.parse(start) for start in starts if start), default=None)
    opened = min((a.event.entry.time for a in piece.arrivals if a.event.entry.action == Action.OPEN), default=None)
    if piece.workflow in found.cut and (opened is None or (begun is not None and begun < opened)):
        return "its topic no longer has its first events, so what was said cannot be compared with what the core says"
    if rules[0].offset > 0 and first is not None and first < rules[0].at:
        return "the policy that held when it came is no longer on its topic, so what was said cannot be compared"
    return None


def _findings(found: Evidence, piece: Piece, moment: Moment) -> Iterator[Finding]:
    until = min(moment.at, moment.now - int(SLACK * moment.rate))
    told = compare.Told(piece.said, [each.at for each in piece.arrivals], int(replay.CLOSE * moment.rate))
    yield from compare.differences(piece.account, told, until)
    if moment.at >= moment.now:
        mine = [each for each in found.open if each.startswith(f"{piece.workflow}:{piece.item}:")]
        yield from compare.standing(piece.said, mine, until)


def _refused(found: Evidence, came: Came) -> Refused:
    letter = found.refused[came.where]
    return Refused(
        reason=letter.reason, detail=letter.detail, topic=letter.topic, received_at=instants.text(letter.received_at),
        letter=letter.at,
    )  # fmt: skip


# -- telling ----------------------------------------------------------------------------------------------------------


def _work(piece: Piece, partition: int | None, note: str | None) -> Work:
    account, key = piece.account, f"{piece.workflow}:{piece.item}".encode()
    state, engine = account.state(key), account.engine
    cycles = [] if state is None else folded(state, engine.book.settings, engine.now, engine.chain.ages).cycles
    told = [_cycle(piece, cycle, state) for cycle in cycles if state is not None]
    known = {alert.id for cycle in told for judged in cycle.clocks for alert in judged.told}
    rest = [said for said in piece.said.values() if said.alert.type == FIRED and said.alert.id not in known]
    return Work(
        workflow=piece.workflow, partition=partition, events=len(piece.arrivals), compared=note is None, note=note,
        cycles=told, told=[_told(piece, said) for said in rest],
    )  # fmt: skip


def _cycle(piece: Piece, cycle: Folded, state: ItemState) -> Cycle:
    book = piece.account.engine.chain.of(cycle.start)
    try:
        found = explain(book, piece.workflow, cycle)
    except CalendarRangeError:
        found = []
    ending = None if cycle.running else "expired" if cycle.ending is None else Action(cycle.ending).name.lower()
    paused = cycle.pauses[-1][0] if cycle.paused else None
    return Cycle(
        start=instants.text(cycle.start), end=_text(cycle.end), ending=ending, paused_since=_text(paused),
        department=cycle.routing.department or UNASSIGNED,
        clocks=[_judged(piece, book, each, state) for each in found],
    )  # fmt: skip


def _judged(piece: Piece, book: Book, found: Explanation, state: ItemState) -> Judged:
    cycle, name = found.cycle, found.clock.name
    kept = next((each for each in state.cycles if each.start == cycle.start), None)
    said = [each for each in piece.said.values() if _tells_of(each.alert, name, cycle) and each.alert.type == FIRED]
    fired = {i: each for i, each in piece.account.must.items() if each.type == FIRED and _tells_of(each, name, cycle)}
    clock = ClockState() if kept is None else kept.clock(name)
    words, why = summary(found)
    known = Known(book, found, clock, state.history, fired, said, piece.at)
    return Judged(
        clock=name, rule=found.position, words=words, why=why, due=_text(found.due), short_notice=found.short,
        error=found.error, timezone=str(found.calendar.zone), stages=list(stages(known)),
        holds=hold_forms(holds(known)), told=[_told(piece, each) for each in said],
    )  # fmt: skip


def _tells_of(alert: Alert, clock: str, cycle: Folded) -> bool:
    """Whether it is of this cycle: by its start, or by a start that a late event has moved (R7)."""
    data = alert.data
    if data.clock != clock or data.opened_at is None:
        return False
    start = instants.parse(data.opened_at)
    return start == cycle.start or (cycle.start <= start and (cycle.end is None or start <= cycle.end))


def _told(piece: Piece, said: Said) -> Told:
    data, over = said.alert.data, piece.said.get(said.alert.id + compare.RESOLUTION)
    resolved = over.alert.data if over is not None and over.alert.type == RESOLVED else None
    sinks = delivered(said, piece.sinks)
    if over is not None:
        sinks += [each for each in delivered(over, piece.sinks) if each.state not in (forms.UNKNOWN, forms.PASSED)]
    return Told(
        id=said.alert.id, stage=data.stage or "", severity=data.severity, notify=data.notify or [],
        recipients=data.recipients or [], fired_at=data.fired_at or said.alert.time, stage_at=data.stage_at,
        catch_up=bool(data.catch_up), resolved_at=None if resolved is None else resolved.resolved_at,
        reason=None if resolved is None else resolved.reason, sinks=sinks,
    )  # fmt: skip


def _text(at: int | None) -> str | None:
    return None if at is None else instants.text(at)
