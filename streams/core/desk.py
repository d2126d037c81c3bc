"""The items of a partition on their shelf, and when each wants to be looked at next: always in step."""

from __future__ import annotations

from collections.abc import Callable

from streams.core import state as states
from streams.core.agenda import Agenda
from streams.core.shelf import Shelf
from streams.core.state import ItemState


class Desk:
    """What an engine takes items from and puts them back to. `items`: the shelf, by `workflow:item`."""

    def __init__(self, items: Shelf) -> None:
        self.items = items
        self.looker: Callable[[bytes, ItemState], object] | None = None
        """Told of each item that is put on the shelf, while somebody looks."""
        self._agenda = Agenda(items)

    def _state(self, key: bytes) -> ItemState:
        value = self.items.get(key)
        return ItemState() if value is None else states.decode(value)

    def _put(self, key: bytes, state: ItemState, moment: int) -> None:
        """Keep an item, to be looked at next at `moment`; negative: when the greatest event time has passed it.

        `state.moment` is what stands on the shelf; 0 if nothing does.
        """
        before, state.moment = state.moment, moment
        self.items.put(key, states.encode(state))
        if before != moment:
            self._agenda.add(moment, key)
        if self.looker is not None:
            self.looker(key, state)
