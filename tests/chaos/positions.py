"""An engine of one item as a value, so that ways which share a beginning share the work, and equal ones are seen.

Theory of operation. A `Position` is all that what follows can hang on: the bytes on the engine's shelves, its times,
the policy in force, and what was said on the way. To go on from one, an engine is made anew from those bytes, as a
worker does after a start; where that leads to is kept, so nothing is played twice. Positions that are equal are one
object: of two ways that come to the same one, what follows need be tried once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from schemas import alerts
from schemas.alerts import Alert
from schemas.events import Event
from schemas.policy import MINUTE
from streams.core import state as states
from streams.core.agenda import OWN
from streams.core.deadlines import judge
from streams.core.engine import Engine
from streams.core.keeping import folded
from streams.core.ladder import stage_times
from streams.core.shelf import DictShelf
from tests.chaos.plan import SPEAKER
from tests.chaos.policy import BOOK
from tests.chaos.replay import Caught, Played, essence

FOLD, MOVE, CATCH_UP = range(3)
Values = tuple[tuple[bytes, bytes], ...]
"""A shelf: its keys, sorted, with their values."""


class Snapshot(NamedTuple):
    """An engine, and what it said; instants in microseconds."""

    items: Values = ()
    open: Values = ()
    latest: int = 0
    now: int = 0
    decreed: int = 0
    """The time of the policy in force, and how many came before it."""
    policies: int = 0
    said: frozenset[str] | None = frozenset()
    """Ids; None once something was said that should not have been: then no way leads on."""


class Position:
    """A snapshot, and where it leads to."""

    __slots__ = ("coming", "next", "snapshot", "then")

    def __init__(self, snapshot: Snapshot, coming: int | None) -> None:
        self.snapshot = snapshot
        self.coming = coming
        """The item's next moment."""
        self.next: Position | None = None
        """Where that leads to, once known."""
        self.then: dict[tuple[int, ...], Position] = {}
        """By what is done (`FOLD`, and the events' identities; `MOVE`, and up to when; `CATCH_UP`, and what)."""

    @property
    def right(self) -> bool:
        """Whether all that was said should have been."""
        return self.snapshot.said is not None


class Positions:
    """All positions of one item; an event is known by its identity.

    Args:
        said: what the workers said of it, by id.
        times: and when (microseconds); what is missing is not asked of.
    """

    def __init__(self, said: Mapping[str, str], times: Mapping[str, int] | None = None) -> None:
        self.said, self.times = said, times or {}
        self._all_said = frozenset(said)
        self._known: dict[Snapshot, Position] = {}
        self.start = self._position(Snapshot(), None)

    def advance(self, at: Position, until: int) -> Position:
        """Let time pass, up to `until` inclusive."""
        while at.coming is not None and at.coming <= until:
            at = self.pass_moment(at)
        if until <= at.snapshot.now:
            return at
        return self._position(at.snapshot._replace(now=until), at.coming)

    def pass_moment(self, at: Position) -> Position:
        """Let time pass, up to the item's next moment."""
        assert at.coming is not None
        if at.next is None:
            played = restored(at.snapshot)
            played.advance(at.coming)
            at.next = self._after(at.snapshot, played)
        return at.next

    def move(self, at: Position, now: int) -> Position:
        """Events of other items came in, up to `now`; nothing was looked at."""
        return self._then(at, (MOVE, now), lambda played: played.move(now))

    def catch_up(self, at: Position, caught: Caught) -> Position:
        """Let time pass, up to a moment that is decided late."""
        return self._then(at, (CATCH_UP, *caught), lambda played: played.catch_up(caught), caught)

    def caught_up(self, at: Position, caught: Iterable[Caught]) -> Position:
        """The same for one moment after the other."""
        for each in caught:
            at = self.catch_up(at, each)
        return at

    def fold(self, at: Position, events: Sequence[Event]) -> Position:
        """One step."""
        return self._then(at, (FOLD, *map(id, events)), lambda played: played.fold(events))

    def moments(self, at: Position, start: int, end: int) -> list[int]:
        """The item's moments from `start` to `end`, the last first."""
        found = []
        at = self.advance(at, start)
        while at.coming is not None and at.coming <= end:
            found.append(at.coming)
            at = self.pass_moment(at)
        return found[::-1]

    def stages(self, at: Position, start: int, end: int) -> list[int]:
        """When stages of the item come from `start` to `end`, the last first, held back (R8) or not."""
        found = set(self.moments(at, start, end))
        for key, value in at.snapshot.items:
            workflow, state = key.decode().partition(":")[0], states.decode(value)
            for cycle in folded(state, BOOK.settings, at.snapshot.now).cycles:
                for clock in BOOK.clocks[workflow] if cycle.running else ():
                    verdict = judge(BOOK, clock, cycle)
                    if verdict.due is not None:
                        found |= {moment for moment in stage_times(clock, verdict, cycle) if start <= moment <= end}
        return sorted(found, reverse=True)

    def says_all(self, at: Position) -> bool:
        """Whether just what the workers said was said."""
        return at.snapshot.said == self._all_said

    def _then(
        self, at: Position, what: tuple[int, ...], do: Callable[[Played], None], caught: Caught | None = None
    ) -> Position:
        known = at.then.get(what)
        if known is None:
            played = restored(at.snapshot)
            do(played)
            known = at.then[what] = self._after(at.snapshot, played, caught)
        return known

    def _is_right(self, alert: Alert, caught: Caught | None) -> bool:
        """Whether it should have been said: word for word, and caught up with after more than a minute alone (R11)."""
        if self.said.get(alert.id) != essence(alert):
            return False
        if caught is None or alert.type != alerts.FIRED or not alert.data.catch_up or alert.id not in self.times:
            return True
        return self.times[alert.id] - caught.moment > MINUTE

    def _after(self, before: Snapshot, played: Played, caught: Caught | None = None) -> Position:
        said = before.said
        if said is not None:
            right = all(self._is_right(alert, caught) for alert in played.alerts)
            said = said.union(alert.id for alert in played.alerts) if right else None
        engine = played.engine
        items = ((key, value) for key, value in engine.items.items() if key != OWN)  # its own times stand beside
        snapshot = Snapshot(
            tuple(sorted(items)),
            tuple(sorted(engine.open.items())),
            engine.latest,
            engine.now,
            engine.chain.at,
            played.policies,
            said,
        )
        return self._position(snapshot, engine.next_moment())

    def _position(self, snapshot: Snapshot, coming: int | None) -> Position:
        known = self._known.get(snapshot)
        if known is None:
            known = self._known[snapshot] = Position(snapshot, coming)
        return known


def restored(snapshot: Snapshot) -> Played:
    """An engine that goes on from there; what it says is all that was said since."""
    items, opened = DictShelf(), DictShelf()
    for key, value in snapshot.items:
        items.put(key, value)
    for key, value in snapshot.open:
        opened.put(key, value)
    engine = Engine(BOOK, SPEAKER, items, opened, snapshot.decreed, snapshot.policies)
    again = engine.rebuild().alerts
    assert not again, f"unknown to their item: {again}"
    engine.latest, engine.now = snapshot.latest, snapshot.now
    return Played(engine, snapshot.policies)
