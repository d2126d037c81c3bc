"""An item's state is a fold of its history (contract R1, R15).

The history is the set of an item's events; `fold` takes them in order of event time, whatever
the order in which they came, and gives the item's cycles and its lasting routing.  At one time,
events are taken in an order that depends on whether a cycle then runs: the two orders are data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from schemas.events import Action, Entry
from schemas.policy import UNASSIGNED
from streams.core.routing import Routing

ROUTINE = "routine"

OPENS: Final = int(Action.OPEN)
ENDS: Final = (int(Action.STOP), int(Action.CANCEL))

_WHILE_RUNNING: dict[int, int] = {
    Action.STOP: 0, Action.CANCEL: 1, Action.OPEN: 2, Action.RESUME: 3, Action.ROUTE: 4, Action.ATTEMPT: 5,
    Action.PAUSE: 6, Action.ACKNOWLEDGE: 7, Action.SNOOZE: 8,
}  # fmt: skip
_WHILE_IDLE: dict[int, int] = {
    Action.OPEN: 0, Action.RESUME: 1, Action.ROUTE: 2, Action.ATTEMPT: 3, Action.PAUSE: 4, Action.STOP: 5,
    Action.CANCEL: 6, Action.ACKNOWLEDGE: 7, Action.SNOOZE: 8,
}  # fmt: skip


Pause = tuple[int, int | None]
"""(from, to); None while it lasts."""


class Step(NamedTuple):
    """What a cycle was judged by from `time` on, until its next step."""

    time: int
    routing: Routing
    priority: str
    anchor: int | None
    pauses: tuple[Pause, ...]


@dataclass(slots=True)
class Cycle:
    """One stretch in which the clinic owes something; instants in microseconds."""

    start: int
    routing: Routing
    priority: str = ROUTINE
    anchor: int | None = None
    end: int | None = None
    ending: Action | None = None
    """STOP, CANCEL, or None for a cycle that runs or expired (`expired`)."""
    expired: bool = False
    pauses: tuple[Pause, ...] = ()
    resumed: int | None = None
    """When it last went on after a pause."""
    steps: list[Step] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    acknowledgements: list[Entry] = field(default_factory=list)
    snoozed_until: int | None = None
    follow_ups: int = 0
    last: int = 0
    """Time of its last event."""

    @property
    def running(self) -> bool:
        """Whether it has not ended; it may be paused."""
        return self.end is None

    @property
    def paused(self) -> bool:
        """Whether a pause lasts."""
        return self.end is None and bool(self.pauses) and self.pauses[-1][1] is None

    def expiry(self, max_age: int) -> int:
        """When it ends by itself (R15): `max_age` after the later of start and anchor."""
        due = (self.start if self.anchor is None else max(self.start, self.anchor)) + max_age
        return max(due, self.last)

    def finish(self, at: int, ending: Action | None) -> None:
        """End it; a stop or cancel ends a pause that lasts (T5), and a cycle that ends by itself leaves it open."""
        if self.paused and ending is not None:
            self.pauses = (*self.pauses[:-1], (self.pauses[-1][0], at))
        self.end, self.ending, self.expired = at, ending, ending is None


class Age(NamedTuple):
    """What an earlier policy says of the cycles that started before `before`; all in microseconds."""

    before: int
    max_age: int
    enforce_from: int


class Folded(NamedTuple):
    """The cycles in order of start, and the routing that stays."""

    cycles: list[Cycle]
    routing: Routing


def fold(
    base: Routing,
    history: Sequence[Entry],
    *,
    enforce_from: int,
    max_age: int,
    now: int,
    ages: Sequence[Age] = (),
) -> Folded:
    """Fold a history (sorted by time) that began with `base`, as it stands at `now`.

    Args:
        ages: what earlier policies say of cycles that started under them, in order; contract R13.
    """
    cycles: list[Cycle] = []
    routing, running = base, None
    at, count = 0, len(history)
    while at < count:
        time = history[at].time
        if running is not None and (end := running.expiry(age_of(running, max_age, ages))) <= time:
            running.finish(end, None)
            running = None
        after = at + 1
        while after < count and history[after].time == time:
            after += 1
        for entry in _ordered(history[at:after], idle=running is None):
            routing = route(routing, entry)
            if running is None:
                if entry.action == OPENS and time >= _from(time, enforce_from, ages):
                    running = opened(entry, routing)
                    cycles.append(running)
                continue
            _carry(running, entry, routing)
            _ACTIONS[entry.action](running, entry)
            if running.end is not None:
                running = None
        at = after
    if running is not None and (end := running.expiry(age_of(running, max_age, ages))) <= now:
        running.finish(end, None)
    return Folded(cycles, routing)


def age_of(cycle: Cycle, max_age: int, ages: Sequence[Age]) -> int:
    """The `max_age` of the policy that judges a cycle."""
    if not ages:
        return max_age
    return next((age.max_age for age in ages if cycle.start < age.before), max_age)


def _from(start: int, enforce_from: int, ages: Sequence[Age]) -> int:
    """The `enforce_from` of the policy under which an event opens."""
    return next((age.enforce_from for age in ages if start < age.before), enforce_from) if ages else enforce_from


def _ordered(group: Sequence[Entry], *, idle: bool) -> Sequence[Entry]:
    if len(group) == 1:
        return group
    rank = _WHILE_IDLE if idle else _WHILE_RUNNING
    return sorted(group, key=lambda e: (rank[e.action], e.id, e.source))


def route(routing: Routing, e: Entry) -> Routing:
    """The lasting routing after an event: another department clears pool and owner that it does not give."""
    if e.department is None and e.pool is None and e.owner is None and e.site is None and e.kind is None:
        return routing
    department, site, pool, owner, kind = routing
    if e.department is not None:
        if e.department != (department or UNASSIGNED):
            pool = owner = None
        department = e.department
    return Routing(department, e.site or site, e.pool or pool, e.owner or owner, e.kind or kind)


def opened(e: Entry, routing: Routing) -> Cycle:
    """The cycle that an event opens."""
    cycle = Cycle(e.time, routing, e.priority or ROUTINE, e.anchor, last=e.time)
    cycle.steps.append(Step(e.time, routing, cycle.priority, cycle.anchor, ()))
    return cycle


def _carry(cycle: Cycle, e: Entry, routing: Routing) -> None:
    """Routing, priority and anchor apply before the event's own action."""
    changed = routing != cycle.routing
    cycle.routing, cycle.last = routing, e.time
    if e.priority is not None and e.priority != cycle.priority:
        cycle.priority, changed = e.priority, True
    if e.anchor is not None and e.anchor != cycle.anchor:
        cycle.anchor, changed = e.anchor, True
    if changed and e.action not in ENDS:
        _step(cycle, e.time)


def _step(cycle: Cycle, time: int) -> None:
    cycle.steps.append(Step(time, cycle.routing, cycle.priority, cycle.anchor, cycle.pauses))


def _end(cycle: Cycle, e: Entry) -> None:
    cycle.finish(e.time, Action(e.action))


def _pause(cycle: Cycle, e: Entry) -> None:
    if not cycle.paused:
        cycle.pauses = (*cycle.pauses, (e.time, None))
        _step(cycle, e.time)


def _resume(cycle: Cycle, e: Entry) -> None:
    if cycle.paused:
        cycle.pauses = (*cycle.pauses[:-1], (cycle.pauses[-1][0], e.time))
        cycle.resumed = e.time
        _step(cycle, e.time)


def _open(cycle: Cycle, e: Entry) -> None:
    if cycle.paused:
        _resume(cycle, e)
    else:
        cycle.follow_ups += 1


def _attempt(cycle: Cycle, e: Entry) -> None:
    cycle.attempts.append(e.time)


def _acknowledge(cycle: Cycle, e: Entry) -> None:
    cycle.acknowledgements.append(e)


def _snooze(cycle: Cycle, e: Entry) -> None:
    cycle.snoozed_until = e.until


def _route(cycle: Cycle, e: Entry) -> None:
    """A route event's fields have been carried already; it does nothing else."""


_BY_NAME: dict[Action, Callable[[Cycle, Entry], None]] = {
    Action.STOP: _end, Action.CANCEL: _end, Action.OPEN: _open, Action.RESUME: _resume, Action.ROUTE: _route,
    Action.ATTEMPT: _attempt, Action.PAUSE: _pause, Action.ACKNOWLEDGE: _acknowledge, Action.SNOOZE: _snooze,
}  # fmt: skip
_ACTIONS = {int(action): does for action, does in _BY_NAME.items()}
