"""One item's events played into an engine of its own, in the order in which a worker may have come to know them.

Played in order, each at its own time, this gives what the backtest says of the item. Where the gate was shut (R11) the
worker folded an event before it looked at stages that had come before it; where the broker took an event late it looked
at stages that came after it. Both are a matter of how far the engine had been advanced when the event was folded in,
so an `Arrival` says just that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from schemas.alerts import Alert
from schemas.events import HEARTBEAT, Action, Entry, Event, from_json
from streams.core import state as states
from streams.core.engine import Engine
from streams.core.state import ItemState
from tests.chaos.load import Sent
from tests.chaos.plan import SECOND, fresh
from tests.chaos.policy import BOOK

NOT_COMPARED = ("fired_at", "resolved_at", "partition", "feed")
"""What hangs on when and where it was decided."""
CATCH_UP = "catch-up"
"""The stage of a notice that is no item's."""
POLICY = "policy"
"""The type of what stands among an item's events for a policy that was put into force."""
WORKFLOWS = {"m": "message", "a": "appointment", "r": "result", "q": "questionnaire"}


class Caught(NamedTuple):
    """A moment that a shut gate had held back for so long that it was decided as of a later one (R11)."""

    moment: int
    as_of: int


class Arrival(NamedTuple):
    """An event, and how far the engine had been advanced when it was folded in (microseconds)."""

    event: Event
    limit: int
    joins: bool = False
    """It was folded in one step with the one before."""
    now: int = 0
    """Other items' events, read before it, had moved the engine's now so far."""
    caught: tuple[Caught, ...] = ()
    """What had been caught up with before it, gate by gate."""


class Came(NamedTuple):
    """An event of an item, and the latest moment (microseconds) at which it may have come to the broker."""

    event: Event
    came: int

    @property
    def time(self) -> int:
        """The event's own."""
        return self.event.entry.time


def item_of(key: str) -> str:
    """The engine's key of the item whose events have this record key."""
    return f"{WORKFLOWS[key[0]]}:{key}"


def events_of(sent: Iterable[Sent]) -> list[Came]:
    """An item's events, each once, in order of time."""
    found: dict[bytes, Came] = {}
    for each in sent:
        if each.event.line not in found:
            event = from_json(each.event.line)
            assert isinstance(event, Event)
            found[each.event.line] = Came(event, round(each.came * SECOND))
    return sorted(found.values(), key=lambda came: came.time)


def decreed(at: int, came: int) -> Came:
    """The same policy put into force again at `at`; partitions took it by `came` (microseconds)."""
    return Came(Event.of("", "", POLICY, Entry(at, POLICY, "/chaos", Action.HEARTBEAT)), came)


def in_order(events: Iterable[Came]) -> list[Arrival]:
    """Each event at its own time."""
    return [Arrival(each.event, each.time - 1) for each in events]


class Played:
    """What an engine said, and the engine; `policies`: how many were put into force again."""

    def __init__(self, engine: Engine | None = None, policies: int = 0) -> None:
        self.engine = engine or fresh()
        self.alerts: list[Alert] = []
        self.policies = policies

    def advance(self, until: int) -> None:
        """Let time pass, up to `until` inclusive."""
        self.alerts += self.engine.advance(until).alerts

    def catch_up(self, caught: Caught) -> None:
        """Let time pass, up to a moment that is decided late."""
        self.advance(caught.moment - 1)
        said = self.engine.advance(caught.as_of, late=caught.moment + 1).alerts
        self.alerts += [alert for alert in said if alert.data.stage != CATCH_UP]

    def move(self, now: int) -> None:
        """Events of other items came in, up to `now`; nothing was looked at."""
        beat = Event.of("", "", HEARTBEAT, Entry(now, "now", "/chaos", Action.HEARTBEAT))
        self.engine.step([(beat, None)])

    def fold(self, events: Sequence[Event]) -> None:
        """One step; or the policy in force put into force again."""
        if events[0].type == POLICY:
            self.policies += 1
            self.engine.decree(BOOK, events[0].entry.time, self.policies)
            self.alerts += self.engine.adopt(len(WORKFLOWS)).alerts
            return
        self.alerts += self.engine.step([(event, None) for event in events]).alerts

    def said(self) -> dict[str, str]:
        """What was said, by id."""
        return {alert.id: essence(alert) for alert in self.alerts}

    def kept(self, item: str, latest: int) -> ItemState | None:
        """What is kept of the item once its partition has seen the event time `latest`."""
        self.move(latest)
        value = self.engine.items.get(item.encode())
        return None if value is None else comparable(value)


def play(arrivals: Sequence[Arrival], until: int | None = None, caught: Iterable[Caught] = ()) -> Played:
    """Play arrivals, and then up to `until`; `caught`: what was caught up with on the way there."""
    played = Played()
    for group in _steps(arrivals):
        for each in group[0].caught:
            played.catch_up(each)
        played.advance(group[0].limit)
        if group[0].now:
            played.move(group[0].now)
        played.fold([arrival.event for arrival in group])
    for each in caught:
        played.catch_up(each)
    if until is not None:
        played.advance(until)
    return played


def _steps(arrivals: Sequence[Arrival]) -> list[list[Arrival]]:
    steps: list[list[Arrival]] = []
    for arrival in arrivals:
        if arrival.joins and steps:
            steps[-1].append(arrival)
        else:
            steps.append([arrival])
    return steps


def essence(alert: Alert) -> str:
    """What an alert says, but for when and where it was decided."""
    data = msgspec.to_builtins(alert.data)
    for name in NOT_COMPARED:
        data.pop(name, None)
    return msgspec.json.encode({"type": alert.type, **data}, order="deterministic").decode()


def comparable(value: bytes) -> ItemState:
    """A kept item, but for when it was and will be looked at, which hangs on the worker's ticks, and for orders."""
    state = states.decode(value)
    for cycle in state.cycles:
        cycle.clocks = dict(sorted(cycle.clocks.items()))
        for each in cycle.clocks.values():
            if each is not None:  # a stage that was found open has its place before those that were skipped
                each.stages = dict(sorted(each.stages.items()))
    state.moment = state.touched = 0
    state.said, state.acknowledged = sorted(state.said), sorted(state.acknowledged)
    return state
