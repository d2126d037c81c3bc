"""A wall clock that never goes back, and does not jump when the machine's clock is set back.

Theory of operation. The machine's monotonic clock gives the pace, the wall clock the offset to it. An offset that grows
is taken at once: the machine slept, or its clock was put forward, and what fell due meanwhile is due. An offset that
shrinks (the clock was put back) is taken slowly, half a millisecond a second, as adjtime does: time goes on, at a pace
that nobody notices, and meets the wall in the end. So an hour put back neither repeats an hour, nor holds every alert
for an hour, nor makes what others send in the meantime lie an hour in the future. A restart takes the wall as it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from mode import get_logger

SLEW = 0.0005  # seconds that the clock gives up in a second
SAY_ABOVE = 1.0  # seconds between this clock and the wall that are worth a line
SAY_EVERY = 60.0

log = get_logger(__name__)


def _wall() -> float:
    return time.time()  # noqa: TID251 - with `streams.clock`, whose pace it is, the one place that reads the wall


class Steady:
    """UNIX seconds. `wall` and `pace` are read anew at each call."""

    __slots__ = ("_at", "_offset", "_pace", "_said", "_wall")

    def __init__(self, wall: Callable[[], float] = _wall, pace: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._pace = wall, pace
        now = wall()
        self._at = pace()
        self._offset = now - self._at
        self._said = self._at - SAY_EVERY

    def now(self) -> float:
        """UNIX seconds; never less than what was given before."""
        wall = self._wall()  # first: a pause between the two makes the offset smaller, which is taken slowly
        at = self._pace()
        offset = wall - at
        if offset >= self._offset:
            self._offset = offset
        else:
            self._offset = max(offset, self._offset - SLEW * (at - self._at))
            self._say(at, self._offset - offset)
        self._at = at
        return at + self._offset

    def look(self) -> tuple[float, float]:
        """What it shows now, and by how many seconds that is ahead of the wall: what a stamp of the wall lacks."""
        now = self.now()
        return now, max(0.0, now - self._wall())

    def _say(self, at: float, ahead: float) -> None:
        if ahead > SAY_ABOVE and at - self._said >= SAY_EVERY:
            self._said = at
            log.warning(
                "the machine's clock was put back by %.0f s: going on at the pace of before; restart if it is right",
                ahead,
            )
