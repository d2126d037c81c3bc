"""One item in full: its history, its cycles, how each clock judges them and why, who was told when, who is next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from schemas import alerts, instants
from schemas.alerts import AlertData
from schemas.events import Action, Entry
from streams.core import state as states
from streams.core.book import Book
from streams.core.calendars import CalendarRangeError
from streams.core.engine import Engine
from streams.core.explain import Explanation, explain
from streams.core.fold import Cycle
from streams.core.ladder import attempts_time
from streams.core.shares import OUTCOMES, Share
from streams.core.speech import ATTEMPTS
from streams.core.state import ClockState, ItemState
from streams.explaining.text import text
from streams.web.acting import is_ours
from streams.web.entries import cycles, said_of
from streams.web.forms import CycleForm, Happened, Interval, Item, Judged, Pause, Row, Rung
from streams.web.refs import Refs
from streams.web.rows import Rows, said

MOST_CYCLES = 10
"""Of an item, the last."""
MOST_EVENTS = 1_000
"""Of an item's history, the last."""


def detail(engine: Engine, key: bytes, refs: Refs, now: int, rate: float) -> Item | None:
    """An item with its explanation; None if nothing is known but that it was. `now` in microseconds."""
    value = engine.items.get(key)
    if value is None:
        return None
    state = states.decode(value)
    row = Rows(engine, refs, now).row(key, state)
    if row is None:
        return None
    found = [_cycle(engine, row, cycle, state, refs, now) for cycle in cycles(engine, state)[-MOST_CYCLES:]]
    history = [_happened(event) for event in state.history[-MOST_EVENTS:]]
    return Item(now=instants.text(now), rate=rate, row=row, history=history, cycles=found)


def last_useful(found: Iterable[Explanation], now: int) -> int | None:
    """The last moment that is still ahead at which somebody is told before the due that comes first; else None."""
    judged = [each for each in found if each.due is not None and each.due > now]
    first = min(judged, key=lambda each: each.due or 0, default=None)
    if first is None:
        return None
    ahead = [rung.at for rung in first.stages if rung.stage.early and rung.at > now]
    return max(ahead, default=None)


def explained(book: Book, workflow: str, cycle: Cycle) -> list[Explanation]:
    """As `explain`; nothing where a calendar has no answer (T9)."""
    try:
        return explain(book, workflow, cycle)
    except CalendarRangeError:
        return []


def _cycle(engine: Engine, row: Row, cycle: Cycle, state: ItemState, refs: Refs, now: int) -> CycleForm:
    book = engine.chain.of(cycle.start)
    found = explained(book, row.workflow, cycle)
    ending = None if cycle.running else "expired" if cycle.ending is None else Action(cycle.ending).name.lower()
    return CycleForm(
        ref=refs.of(row.workflow, row.item, cycle.start), start=instants.text(cycle.start), end=said(cycle.end),
        ending=ending, priority=cycle.priority, anchor=said(cycle.anchor), follow_ups=cycle.follow_ups,
        attempts=[instants.text(at) for at in cycle.attempts],
        pauses=[Pause(start=instants.text(begin), end=said(end)) for begin, end in cycle.pauses],
        snoozed_until=said(cycle.snoozed_until),
        last_useful_at=said(last_useful(found, now)) if cycle.running and not cycle.paused else None,
        clocks=_clocks(engine, book, found, state, now),
    )  # fmt: skip


def _clocks(engine: Engine, book: Book, found: Sequence[Explanation], state: ItemState, now: int) -> list[Judged]:
    """Each clock; none where a calendar has no answer (T9)."""
    try:
        return [_judged(engine, book, each, state, now) for each in found]
    except CalendarRangeError:
        return []


def _judged(engine: Engine, book: Book, found: Explanation, state: ItemState, now: int) -> Judged:
    cycle, kept = found.cycle, said_of(state, found.cycle)
    clock = ClockState() if kept is None else kept.clock(found.clock.name)
    return Judged(
        clock=found.clock.name, rule=found.position, start=instants.text(cycle.start), due=said(found.due),
        error=found.error, short_notice=found.short, not_before=said(found.floor),
        outcome=_outcome(state.shares, found), timezone=str(found.calendar.zone), words=text(book, [found]),
        stages=[*_ladder(engine, found, clock, now), *_attempts(engine, book, found, clock, now)],
        intervals=[
            Interval(start=instants.text(each.start), end=instants.text(each.end), counted=each.counted, why=each.why)
            for each in found.intervals
        ],
    )  # fmt: skip


def _outcome(shares: Sequence[Share], found: Explanation) -> str:
    for share in shares:
        if share.start == found.cycle.start and share.clock == found.clock.name:
            return OUTCOMES[share.outcome]
    return "paused" if found.cycle.paused else "pending"


def _ladder(engine: Engine, found: Explanation, clock: ClockState, now: int) -> list[Rung]:
    covered = {name for rung in clock.stages.values() for name in rung.names}
    made = []
    for each in found.stages:
        kept = clock.stages.get(each.stage.name) or states.Rung()
        fired = _fired(engine, kept.alert)
        how = _state(kept, each.stage.name in covered, found.cycle, each.at, now)
        rung = Rung(
            name=each.stage.name, at=instants.text(each.at), severity=each.stage.severity, notify=[each.stage.notify],
            recipients=kept.recipients if kept.names else each.recipients, state=how,
        )  # fmt: skip
        made.append(rung if fired is None else _firing(rung, fired))
    return made


def _firing(rung: Rung, fired: AlertData) -> Rung:
    """A stage, as what it said while it fires."""
    return msgspec.structs.replace(
        rung, state="firing", alert=fired.alert, fired_at=fired.fired_at, notify=fired.notify or [],
        recipients=fired.recipients or [],
    )  # fmt: skip


def _state(kept: states.Rung, covered: bool, cycle: Cycle, at: int, now: int) -> str:
    if kept.names:
        return "told"
    if kept.done:
        return "covered" if covered else "not_needed"
    if not cycle.running:
        return "not_needed"
    return "to_come" if at > now else "waiting"


def _attempts(engine: Engine, book: Book, found: Explanation, clock: ClockState, now: int) -> list[Rung]:
    """The stage beside the ladder, once there were enough attempts."""
    attempts = found.clock.attempts
    at = None if attempts is None else attempts_time(attempts, found.calendar, found.cycle)
    if attempts is None or at is None:
        return []
    fired = _fired(engine, clock.attempts)
    rung = Rung(
        name=ATTEMPTS, at=instants.text(at), severity=attempts.severity, notify=[attempts.notify],
        recipients=book.recipients([attempts.notify], found.cycle.routing),
        state="told" if clock.attempts else "to_come" if at > now else "waiting",
    )  # fmt: skip
    return [rung if fired is None else _firing(rung, fired)]


def _fired(engine: Engine, alert: str) -> AlertData | None:
    value = engine.open.get(alert.encode()) if alert else None
    return None if value is None else alerts.decode(value).data


def _happened(event: Entry) -> Happened:
    return Happened(
        time=instants.text(event.time), action=Action(event.action).name.lower(), department=event.department,
        site=event.site, pool=event.pool, owner=event.owner, priority=event.priority, kind=event.kind,
        anchor=said(event.anchor), by=event.by, until=said(event.until),
        act=event.id if is_ours(event.source) else None,
    )  # fmt: skip
