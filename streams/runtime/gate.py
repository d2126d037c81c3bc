"""Up to which moment the inputs of a lane are known to have been read.

A fetch response tells where a partition ended, but not when: it may have lain in a socket buffer while we or the broker
stood still, so its own arrival proves nothing. Its request, though, was sent after the response before it had arrived.
So an end that a response reports counts for the moment at which the response *before* it came; once we have read up to
that end, everything that the broker had at that moment is known to us. Not asking this cost 126 false alerts in a test.

Pure: moments come in as arguments (milliseconds, as aiokafka's `last_poll_timestamp` gives them). Those are stamps of
the wall clock; `correct` says by how much ours is ahead of it. When that has changed (the machine's clock was set), the
responses so far are forgotten, a stamp that the wall has not reached is one of before, and what is known stays known.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, NamedTuple, TypeVar

Input = TypeVar("Input", bound=Hashable)

SET = 20
"""Milliseconds by which `ahead` has changed since the last look when the machine's clock was set."""


class Horizon(NamedTuple):
    """An end to be read to, and the moment (ms) for which it stands."""

    end: int
    stands_for: int


class Gate(Generic[Input]):
    """Follows the fetch responses of a lane's inputs."""

    def __init__(self, inputs: Iterable[Input]) -> None:
        self._inputs = tuple(inputs)
        self._came: dict[Input, int] = {}
        self._horizon: dict[Input, Horizon] = {}
        self._known: dict[Input, int] = {}
        self._ahead = 0
        self._wall: int | None = None

    @property
    def known(self) -> float:
        """UNIX seconds up to which all inputs are known to have been read; 0.0 while that cannot be said."""
        if len(self._known) < len(self._inputs):
            return 0.0
        return min(self._known.values(), default=0) / 1000

    def of(self, tp: Input) -> int:
        """Milliseconds (UNIX) up to which one input is known to have been read; 0 while that cannot be said."""
        return self._known.get(tp, 0)

    def forget(self, tp: Input) -> None:
        """Nothing is known of this input any more."""
        for each in (self._came, self._horizon, self._known):
            each.pop(tp, None)

    def correct(self, ahead: int, wall: int) -> None:
        """Our clock is so many milliseconds ahead of the stamps' clock, which shows `wall` (ms)."""
        if abs(ahead - self._ahead) > SET:
            self._came.clear()
            self._horizon.clear()
        self._ahead, self._wall = ahead, wall

    def observe(self, tp: Input, came: int | None, end: int | None, position: int) -> bool:
        """Take note of an input's last fetch response; True if there was a new one.

        `came`: when it came (ms of the stamps' clock; None: none yet). `end`: the last stable offset that it gave.
        `position`: the next offset that the lane has not worked off.
        """
        if came is not None and self._wall is not None and came > self._wall:
            return False
        before = self._came.get(tp)
        news = came is not None and came != before
        if came is not None and news:
            self._came[tp] = came
            asked = self._horizon.get(tp)
            if before is not None and end is not None and (asked is None or end < asked.end):  # a log that was cut off
                self._horizon[tp] = Horizon(end, before + self._ahead)
        horizon = self._horizon.get(tp)
        if horizon is not None and position >= horizon.end:
            self._known[tp] = max(horizon.stands_for, self._known.get(tp, 0))
            del self._horizon[tp]
        return news
