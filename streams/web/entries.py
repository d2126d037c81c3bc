"""What a view keeps of one item, to find it by: an `Entry` of one that runs, an `Ended` of one that is resolved."""

from __future__ import annotations

from typing import NamedTuple

from schemas.policy import UNASSIGNED
from streams.core.arming import held_until
from streams.core.book import OTHER
from streams.core.calendars import CalendarRangeError
from streams.core.deadlines import judge
from streams.core.engine import Engine
from streams.core.fold import Cycle
from streams.core.keeping import folded
from streams.core.pending import NEVER
from streams.core.shares import ENDED, PAUSED, UNJUDGED, Share
from streams.core.state import ClockState, CycleState, ItemState

NOTHING_SAID = ClockState()


class Entry(NamedTuple):
    """An item that runs or is paused; entries are in order of due and key. Microseconds."""

    due: int
    """Of all its clocks the earliest; NEVER if none is known."""
    key: bytes
    """`workflow:item`."""
    partition: int
    start: int
    soon: int
    """When its first stage before a due comes, at the latest the due."""
    held: int
    """Until when the stages before the due are held back, at most until the due; 0: they are not."""
    paused: bool
    firing: bool
    """Whether an alert of it fires."""
    department: str
    """As the item names it."""


class Ended(NamedTuple):
    """An item whose last cycle has ended, and of which a stage had fired; the latest comes first. Microseconds."""

    before: int
    """When it ended, negative."""
    key: bytes
    partition: int
    department: str


def running_shares(state: ItemState) -> list[Share]:
    """Of the cycle that runs, the earliest due first; empty if none does."""
    found = [share for share in state.shares if share.outcome < ENDED]
    return sorted(found, key=lambda share: NEVER if share.due is None else share.due) if len(found) > 1 else found


def entry(engine: Engine, key: bytes, state: ItemState) -> Entry | None:
    """What to find an item by; None if no cycle of it runs."""
    shares = running_shares(state)
    if not shares:
        return None
    first = shares[0]
    due = NEVER if first.due is None else first.due
    soon = min([due, *(share.soon for share in shares if share.soon is not None)])
    cycle = running_cycle(engine, state) if first.department == OTHER or maybe_held(state) else None
    department, held = first.department, 0
    if cycle is not None:
        department = cycle.routing.department or UNASSIGNED
        held = min(due, holding(engine, key, state, cycle, first)) if maybe_held(state) else 0
    paused = first.outcome == PAUSED
    return Entry(
        due, key, engine.speaker.partition, first.start, soon, held, paused, is_firing(engine, state), department
    )


def ended(engine: Engine, key: bytes, state: ItemState) -> Ended | None:
    """What to find an item by whose last cycle ended after a stage had fired; None for any other."""
    last = state.cycles[-1] if state.cycles else None
    if last is None or last.end is None:
        return None
    shares = [share for share in state.shares if share.start == last.start]
    if not any(share.alerted for share in shares) or any(share.outcome < ENDED for share in state.shares):
        return None
    department = shares[0].department
    if department == OTHER:
        cycle = cycles(engine, state)[-1]
        department = cycle.routing.department or UNASSIGNED
    return Ended(-last.end, key, engine.speaker.partition, department)


def cycles(engine: Engine, state: ItemState) -> list[Cycle]:
    """All cycles of an item, as the engine decided them last."""
    return folded(state, engine.book.settings, engine.now, engine.chain.ages).cycles


def running_cycle(engine: Engine, state: ItemState) -> Cycle | None:
    """The cycle that runs or is paused."""
    return next((cycle for cycle in cycles(engine, state) if cycle.running), None)


def maybe_held(state: ItemState) -> bool:
    """Whether somebody has acknowledged or snoozed it, now or earlier."""
    return bool(state.acknowledged) or any(event.until is not None for event in state.history)


def holding(engine: Engine, key: bytes, state: ItemState, cycle: Cycle, share: Share) -> int:
    """R8: until when the stages before the due are held back by the clock of this share; 0 if they are not."""
    book = engine.chain.of(cycle.start)
    clock = book.clock(key.split(b":")[0].decode(), share.clock)
    if clock is None or share.clock == UNJUDGED:
        return 0
    try:
        verdict = judge(book, clock, cycle)
        if verdict.calendar is None:
            return 0
        said = said_of(state, cycle)
        kept = NOTHING_SAID if said is None else said.clock(clock.name)
        return held_until(book, clock, cycle, verdict, kept)
    except CalendarRangeError:
        return 0


def said_of(state: ItemState, cycle: Cycle) -> CycleState | None:
    """What has been said of a cycle; None if nothing was."""
    return next((said for said in state.cycles if said.start == cycle.start), None)


def alert_ids(state: ItemState) -> list[str]:
    """Ids of the alerts that an item has fired and that were not resolved, by what it knows."""
    return [
        alert
        for said in state.cycles
        for clock in said.told()
        for alert in (*(rung.alert for rung in clock.stages.values()), clock.attempts)
        if alert
    ]


def is_firing(engine: Engine, state: ItemState) -> bool:
    """Whether an alert of it fires."""
    return any(engine.open.get(alert.encode()) is not None for alert in alert_ids(state))
