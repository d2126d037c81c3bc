"""One item as a line of the board: what is owed, how long is left in open time, who has it, who was told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas import alerts, instants
from schemas.alerts import Alert, AlertData
from schemas.policy import UNASSIGNED, Clock
from streams.core.book import Book
from streams.core.calendars import Calendar, CalendarRangeError
from streams.core.deadlines import UNJUDGED, Verdict, judge
from streams.core.engine import Engine
from streams.core.explain_intervals import wall
from streams.core.fold import Cycle
from streams.core.shares import OUTCOMES, Share
from streams.core.state import ItemState
from streams.web.entries import alert_ids, cycles, holding, maybe_held, running_shares
from streams.web.forms import Firing, Row
from streams.web.refs import Refs

SEVERITIES = ("warning", "critical")
LONGEST_OPEN = 9
"""Days after which a calendar that never closes is asked again."""


class Rows:
    """Makes rows of one partition's items as they stand at `now` (microseconds)."""

    def __init__(self, engine: Engine, refs: Refs, now: int) -> None:
        self._engine, self._refs, self._now = engine, refs, now
        self._turns: dict[str, tuple[bool, int | None]] = {}

    def row(self, key: bytes, state: ItemState) -> Row | None:
        """The row of an item; None if it has no cycle."""
        found = cycles(self._engine, state)
        if not found:
            return None
        workflow, _, item = key.decode().partition(":")
        cycle, book = found[-1], self._engine.chain.of(found[-1].start)
        shares = running_shares(state) if cycle.running else [s for s in state.shares if s.start == cycle.start]
        first = next((share for share in shares if share.clock), None)
        verdict, clock = UNJUDGED, None if first is None else book.clock(workflow, first.clock)
        if clock is not None:
            verdict = judged(book, clock, cycle)
        fired = firing(self._engine, state)
        worst = max(fired, key=urgency, default=None)
        left, counting, changes = self._left(cycle, verdict, first)
        routing, held = cycle.routing, self._held(key, state, cycle, first)
        return Row(
            workflow=workflow, item=item, ref=self._refs.of(workflow, item, cycle.start),
            partition=self._engine.speaker.partition, state=self._state(cycle, shares),
            opened_at=instants.text(cycle.start), clock=None if first is None else first.clock,
            due_at=said(None if first is None else first.due), soon_at=said(_soonest(shares)),
            left=left, counting=counting, changes_at=said(changes),
            department=routing.department or UNASSIGNED, site=routing.site, pool=book.pool(routing),
            owner=routing.owner, priority=cycle.priority, kind=routing.kind, guide=book.department(routing).guide,
            timezone=str((verdict.calendar or book.calendar_of(routing.department or UNASSIGNED)).zone),
            stage=None if worst is None else worst.data.stage, severity=None if worst is None else worst.data.severity,
            recipients=list(dict.fromkeys(name for each in fired for name in each.data.recipients or ())),
            alerts=[_firing(each.data) for each in fired], held_until=said(held),
            acknowledged_by=cycle.acknowledgements[-1].by if cycle.running and cycle.acknowledgements else None,
            short_notice=first is not None and first.short, follow_ups=cycle.follow_ups, attempts=len(cycle.attempts),
            outcome=_outcome(cycle, shares), closed_at=said(cycle.end),
        )  # fmt: skip

    def _state(self, cycle: Cycle, shares: Sequence[Share]) -> str:
        if not cycle.running:
            return "resolved"
        if cycle.paused:
            return "paused"
        if any(share.due is not None and share.due <= self._now for share in shares):
            return "missed"
        return "due_soon" if (soon := _soonest(shares)) is not None and soon <= self._now else "on_time"

    def _held(self, key: bytes, state: ItemState, cycle: Cycle, first: Share | None) -> int | None:
        """Until when it is held back, while that matters."""
        if first is None or not cycle.running or not maybe_held(state):
            return None
        until = holding(self._engine, key, state, cycle, first)
        return until if until > self._now and (first.due is None or first.due > self._now) else None

    def _left(self, cycle: Cycle, verdict: Verdict, first: Share | None) -> tuple[float | None, bool, int | None]:
        """Seconds that count until the due, whether time counts now, and when that changes."""
        if not cycle.running or first is None or verdict.calendar is None:
            return None, False, None
        counted = None if verdict.elapsed else verdict.calendar
        counting, changes = (True, None) if counted is None else self._turn(counted)
        left = None if first.due is None else measured(counted, self._now, first.due)
        if cycle.paused:
            return left, False, None
        return left, counting, changes

    def _turn(self, calendar: Calendar) -> tuple[bool, int | None]:
        """Whether a calendar is open now, and when that changes."""
        found = self._turns.get(calendar.name)
        if found is None:
            found = self._turns[calendar.name] = turn(calendar, self._now)
        return found


def turn(calendar: Calendar, now: int) -> tuple[bool, int | None]:
    """Whether a calendar is open, and when that changes; windows that touch are one."""
    try:
        return (True, closing(calendar, now)) if calendar.is_open(now) else (False, calendar.opening(now))
    except CalendarRangeError:
        return False, None


def closing(calendar: Calendar, now: int) -> int:
    """The next closing of an open calendar that no opening follows at once."""
    today, found = wall(now, calendar).toordinal(), now
    for day in range(today - 1, today + LONGEST_OPEN):
        for opens, closes in calendar.windows_of(day):
            if opens <= found < closes:
                found = closes
    return found


def measured(calendar: Calendar | None, now: int, due: int) -> float:
    """Seconds that count from now to the due; negative: since."""
    if calendar is None:
        return (due - now) / 1e6
    try:
        return (calendar.between(now, due) - calendar.between(due, now)) / 1e6
    except CalendarRangeError:
        return (due - now) / 1e6


def judged(book: Book, clock: Clock, cycle: Cycle) -> Verdict:
    """As `judge`; without a verdict where a calendar has no answer (T9)."""
    try:
        return judge(book, clock, cycle)
    except CalendarRangeError:
        return UNJUDGED


def firing(engine: Engine, state: ItemState) -> list[Alert]:
    """The alerts of an item that fire."""
    values = (engine.open.get(alert.encode()) for alert in alert_ids(state))
    return [alerts.decode(value) for value in values if value is not None]


def urgency(alert: Alert) -> tuple[bool, str]:
    """In which order alerts of one item come: the critical ones last, then the latest."""
    return alert.data.severity == SEVERITIES[-1], alert.data.stage_at or ""


def said(instant: int | None) -> str | None:
    """An instant as text; None where there is none."""
    return None if instant is None else instants.text(instant)


def _soonest(shares: Iterable[Share]) -> int | None:
    return min((share.soon for share in shares if share.soon is not None), default=None)


def _outcome(cycle: Cycle, shares: Sequence[Share]) -> str | None:
    """How it ended; of several clocks a miss counts."""
    if cycle.running or not shares:
        return None
    names = [OUTCOMES[share.outcome] for share in shares]
    return "missed" if "missed" in names else names[0]


def _firing(data: AlertData) -> Firing:
    return Firing(
        id=data.alert or "", clock=data.clock or "", stage=data.stage or "", severity=data.severity or "",
        recipients=data.recipients or [], fired_at=data.fired_at or "",
    )  # fmt: skip
