"""When each item of a partition wants to be looked at next.

Two heaps: moments of time, and moments of the greatest event time (an item that has ended waits only for that, R3).
An item's own record says which counts, so an entry that it no longer confirms is stale and is dropped when it comes up.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from streams.core import state as states
from streams.core.shelf import Shelf

OWN = b"@"
"""No item's key begins with it: such keys are the engine's own."""


class Agenda:
    """The moments of the items on a shelf, in microseconds; an item that waits for events has a negative one."""

    def __init__(self, items: Shelf) -> None:
        self._items = items
        self._moments: list[tuple[int, bytes]] = []
        self._fading: list[tuple[int, bytes]] = []

    def rebuild(self) -> None:
        """Begin anew from what stands on the shelf."""
        found = [(states.moment(value), key) for key, value in self._items.items() if not key.startswith(OWN)]
        self._moments = [each for each in found if each[0] >= 0]
        self._fading = [(-moment, key) for moment, key in found if moment < 0]
        heapq.heapify(self._moments)
        heapq.heapify(self._fading)

    def add(self, moment: int, key: bytes) -> None:
        """An item was put on the shelf with this moment."""
        if moment >= 0:
            heapq.heappush(self._moments, (moment, key))
        else:
            heapq.heappush(self._fading, (-moment, key))

    def next(self) -> tuple[int, bytes] | None:
        """The first moment and its item; None if nothing is to come."""
        while self._moments:
            moment, key = self._moments[0]
            if self._confirms(key, moment):
                return moment, key
            heapq.heappop(self._moments)
        return None

    def drop(self) -> None:
        """What `next` gave is being looked at."""
        heapq.heappop(self._moments)

    def faded(self, latest: int) -> Iterator[bytes]:
        """The items that waited for the greatest event time to pass a moment that is now over."""
        while self._fading and self._fading[0][0] < latest:
            moment, key = heapq.heappop(self._fading)
            if self._confirms(key, -moment):
                yield key

    def _confirms(self, key: bytes, moment: int) -> bool:
        value = self._items.get(key)
        return value is not None and states.moment(value) == moment
