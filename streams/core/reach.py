"""How far a policy looks ahead, and events that it cannot judge within a calendar's years (contract T9, R14).

A due, a stage or a hold that would lie past 2099 is an error, and its event `invalid`.  To find that out an event is
judged on trial, before it moves the time; only events whose instants come near the end of the calendars need that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.events import Entry, Event
from schemas.instants import FIRST, LAST
from schemas.policy import DAY, Clock, Duration, Policy, Unit
from streams.core.book import Book
from streams.core.calendars import CalendarRangeError
from streams.core.deadlines import judge, nominal
from streams.core.effects import order
from streams.core.fold import fold
from streams.core.ladder import stage_times
from streams.core.routing import Routing
from streams.core.state import ItemState

EARLIEST: Final = int(FIRST)
LATEST: Final = int(LAST)
MARGIN = 400 * DAY
"""A year of a calendar that is seldom open, and more."""
SPREAD = 42
"""Elapsed time for open time: a calendar that opens four hours a week."""


def reach(policy: Policy) -> int:
    """Microseconds from an event's instants beyond which the policy looks neither ahead nor back."""
    settings = policy.settings
    own = [settings.max_age, *(_elapsed(d) for d in (settings.lead, settings.ack_for))]
    return max([*own, *(_of(clock) for clock in policy.clocks)]) + MARGIN


def _of(clock: Clock) -> int:
    rules = [_elapsed(d) for rule in clock.rules for d in (rule.within, rule.before, rule.not_before) if d is not None]
    days = [2 * DAY * rule.by for rule in clock.rules if rule.by is not None]
    stages = [_elapsed(stage.offset) for stage in clock.stages if stage.offset is not None]
    return max([*rules, *days], default=0) + max(stages, default=0)


def _elapsed(amount: Duration) -> int:
    if amount.unit is Unit.ELAPSED:
        return amount.amount
    return amount.amount * SPREAD if amount.unit is Unit.OPEN else amount.amount * 7 * DAY


def is_near_the_end(event: Event, ahead: int) -> bool:
    """Whether the policy's reach from one of the event's instants leaves the calendars' years."""
    return event.first < EARLIEST + ahead or event.last > LATEST - ahead


def why_unjudgeable(book: Book, workflow: str, state: ItemState, entry: Entry) -> str | None:
    """What the calendar says if the item with this event cannot be judged; None if it can."""
    history = sorted([*state.history, entry], key=order)
    base = Routing() if state.past is None else state.past.routing
    try:
        _try(book, workflow, base, history)
    except CalendarRangeError as error:
        return str(error)
    return None


def _try(book: Book, workflow: str, base: Routing, history: Sequence[Entry]) -> None:
    settings = book.settings
    last = history[-1].time
    folded = fold(base, history, enforce_from=settings.enforce_from, max_age=settings.max_age, now=last)
    for cycle in folded.cycles:
        for clock in book.clocks[workflow]:
            verdict = judge(book, clock, cycle)
            if verdict.due is not None:
                stage_times(clock, verdict, cycle)
            if verdict.calendar is not None:
                for command in cycle.acknowledgements:
                    nominal(verdict.calendar, command.time, settings.ack_for)
                verdict.calendar.opening(max(cycle.snoozed_until or 0, last))
