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


Order = tuple[tuple[int, int], ...]
"""Events by number, each with how far the engine had got."""
