"""How a lane gets on: when each of its inputs last moved, and how many records a fetch may give it."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

Input = TypeVar("Input", bound=Hashable)

FIRST = 250
"""Records of a lane's first fetch at most: nothing is known yet of how long they take."""
LONG = 1.0
"""Seconds that the steps of a fetch may take: the event loop and the group's heartbeats stand still with them."""
SHORT = 0.25
"""Seconds; after a full fetch that took less, the next may be twice as large."""


class Progress(Generic[Input]):
    """When each input last moved. Monotonic seconds."""

    __slots__ = ("_at",)

    def __init__(self, inputs: Iterable[Input]) -> None:
        self._at = dict.fromkeys(inputs, time.monotonic())

    @property
    def at(self) -> float:
        """When the input that has stood still for longest last moved: another that flows does not hide it."""
        return min(self._at.values())

    def moved(self, tp: Input) -> None:
        """Records of this input were worked off, or it is known to have been read up to a later moment."""
        self._at[tp] = time.monotonic()

    def anew(self, now: float) -> None:
        """All of them count as moved at `now`."""
        for tp in self._at:
            self._at[tp] = now


class Portion:
    """How many records a fetch may give: fewer where each of them takes long.

    An item whose history has thousands of events costs milliseconds an event. A full fetch of it would take longer than
    the watchdog allows, and again after each restart.
    """

    __slots__ = ("_most", "size")

    def __init__(self, most: int) -> None:
        self._most = most
        self.size = min(FIRST, most)

    def took(self, count: int, seconds: float) -> None:
        """The steps of so many records took so long."""
        if seconds > LONG:
            self.size = max(1, int(count * LONG / seconds))
        elif seconds < SHORT and count >= self.size:
            self.size = min(self._most, self.size * 2)
