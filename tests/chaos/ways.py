"""How an item's events may have come, followed event by event."""

from __future__ import annotations

from typing import NamedTuple

from schemas.events import Event
from tests.chaos.positions import Position, Positions
from tests.chaos.replay import Arrival


class Way(NamedTuple):
    """How far a way has come."""

    after: Position
    before: Position
    """Ahead of the last step."""
    step: tuple[Event, ...] = ()
    """The last one."""
    done: tuple[Arrival, ...] = ()

    def joined(self, arrival: Arrival, positions: Positions) -> Way:
        """One event more in the last step."""
        step = (*self.step, arrival.event)
        return Way(positions.fold(self.before, step), self.before, step, (*self.done, arrival))

    def moved(self, now: int, positions: Positions) -> Way:
        """The same last step, but others' events, read before it, had moved the engine's now so far."""
        before = positions.move(self.before, now)
        first = len(self.done) - len(self.step)
        done = (*self.done[:first], self.done[first]._replace(now=now), *self.done[first + 1 :])
        return Way(positions.fold(before, self.step), before, self.step, done)


Order = tuple[tuple[int, int], ...]
"""Events by number, each with how far the engine had got."""
