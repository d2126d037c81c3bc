"""When each item of a partition wants to be looked at next.

Two queues: moments of time, and moments of the greatest event time (an item that has ended waits only for that, R3).
An item's own record says which counts, so an entry that it no longer confirms is stale and is dropped when it comes up.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Final

from schemas.policy import MINUTE
from streams.core import state as states
from streams.core.shelf import Shelf

OWN = b"@"
"""No item's key begins with it: such keys are the engine's own."""
WIDTH: Final = int(MINUTE)
MANY: Final = 10_000
"""Of one minute: so many are not looked at in one go, but one by one as they come."""


def moment_of(value: bytes) -> int:
    """The next moment of an encoded item: the first of an array, nearly always an integer of eight bytes."""
    kind = value[1] if len(value) > 10 and 0x90 <= value[0] <= 0x9F else 0
    if kind not in (0xCF, 0xD3):
        return states.moment(value)
    high = low = 0
    for place in range(2, 6):
        high = high * 256 + value[place]
        low = low * 256 + value[place + 4]
    if kind == 0xD3 and high >= 1 << 31:
        high -= 1 << 32
    return high * (1 << 32) + low


class Queue:
    """Moments (microseconds) of an agenda, each with its item, the first at hand.

    Most items are answered long before their moment, so what lies ahead is not put in order: those of a minute stand
    together as they came. When their minute is the first, those that no item confirms any more are left out.

    It knows the shelf, and nobody who knows it: a partition that is given up must be gone at once, and what refers to
    itself in a circle stays until Python next looks for such. `sign`: -1 where items have their moments negative.
    """

    __slots__ = ("_ahead", "_begun", "_first", "_items", "_minutes", "_sign")

    def __init__(self, items: Shelf, sign: int) -> None:
        self._items, self._sign = items, sign
        self._first: list[tuple[int, bytes]] = []
        """A heap of all before `_begun`."""
        self._begun = -(1 << 62)
        self._ahead: dict[int, list[tuple[int, bytes]]] = {}
        self._minutes: list[int] = []
        """A heap of the minutes of what lies ahead."""

    def add(self, moment: int, key: bytes) -> None:
        """Put one in."""
        if moment < self._begun:
            heapq.heappush(self._first, (moment, key))
            return
        minute = moment // WIDTH
        found = self._ahead.get(minute)
        if found is None:
            found = self._ahead[minute] = []
            heapq.heappush(self._minutes, minute)
        found.append((moment, key))

    def next(self) -> tuple[int, bytes] | None:
        """The first that is confirmed; None if there is none."""
        while True:
            while self._first:
                first = self._first[0]
                if self._confirms(first[1], first[0]):
                    return first
                heapq.heappop(self._first)
            if not self._minutes:
                return None
            minute = heapq.heappop(self._minutes)
            self._begun = (minute + 1) * WIDTH
            self._first = self._ahead.pop(minute)
            if len(self._first) <= MANY:
                self._first = [each for each in self._first if self._confirms(each[1], each[0])]
            heapq.heapify(self._first)

    def __len__(self) -> int:
        return len(self._first) + sum(len(found) for found in self._ahead.values())

    def _confirms(self, key: bytes, moment: int) -> bool:
        value = self._items.get(key)
        return value is not None and moment_of(value) == self._sign * moment

    def drop(self) -> None:
        """Take out what `next` gave."""
        heapq.heappop(self._first)

    def before(self, moment: int) -> bool:
        """Whether there may be one before this moment."""
        if self._first:
            return self._first[0][0] < moment
        return bool(self._minutes) and self._minutes[0] * WIDTH < moment


class Agenda:
    """The moments of the items on a shelf, in microseconds; an item that waits for events has a negative one."""

    def __init__(self, items: Shelf) -> None:
        self._items = items
        self._moments, self._fading = Queue(items, 1), Queue(items, -1)

    def rebuild(self) -> None:
        """Begin anew from what stands on the shelf."""
        self._moments, self._fading = Queue(self._items, 1), Queue(self._items, -1)
        for key, value in self._items.items():
            if not key.startswith(OWN):
                self.add(moment_of(value), key)

    def add(self, moment: int, key: bytes) -> None:
        """An item was put on the shelf with this moment."""
        if moment >= 0:
            self._moments.add(moment, key)
        else:
            self._fading.add(-moment, key)

    def next(self) -> tuple[int, bytes] | None:
        """The first moment and its item; None if nothing is to come."""
        return self._moments.next()

    def drop(self) -> None:
        """What `next` gave is being looked at."""
        self._moments.drop()

    def fades(self, latest: int) -> bool:
        """Whether there may be some of `faded`."""
        return self._fading.before(latest)

    def faded(self, latest: int) -> Iterator[bytes]:
        """The items that waited for the greatest event time to pass a moment that is now over."""
        while self._fading.before(latest) and (coming := self._fading.next()) is not None and coming[0] < latest:
            self._fading.drop()
            yield coming[1]
