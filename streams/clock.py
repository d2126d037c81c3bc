"""The clock: the one place where the wall is read. Instants are microseconds since 1970-01-01T00:00:00Z.

Theory of operation. A clock is a straight line: `start` is its instant when the wall shows `origin`, and it runs `rate`
times as fast. The real clock is the line through the epoch with rate 1. A simulated one (setting CLOCK, for demo and
tests) is written `START@RATE`, as in `2026-11-02T08:00:00Z@480`: it starts when the process does, so two processes
differ by the time between their starts. Where several have to agree (two workers, or a simulator and a worker), the
origin is pinned by a third part, UNIX seconds of the wall: `2026-11-02T08:00:00Z@480@1793610000`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from schemas import instants

MAX_RATE = 1_000_000.0
FORM = "real, or START@RATE as in 2026-11-02T08:00:00Z@480, or START@RATE@ORIGIN with the origin in UNIX seconds"


@dataclass(frozen=True, slots=True)
class Pace:
    """What a clock is to show: `start` (microseconds) at the wall's `origin` (UNIX seconds), at `rate` times its speed.

    Without an origin the clock starts when it is made.
    """

    start: int
    rate: float
    origin: float | None

    def pinned(self, origin: float) -> Pace:
        """The same with this origin, unless it has one."""
        return self if self.origin is not None else Pace(self.start, self.rate, origin)

    def __str__(self) -> str:
        """As the setting is written; `parse` reads it back."""
        if self == REAL:
            return "real"
        origin = "" if self.origin is None else f"@{self.origin!r}"
        return f"{instants.text(self.start)}@{self.rate:g}{origin}"


REAL = Pace(start=0, rate=1.0, origin=0.0)


def parse(text: str) -> Pace:
    """Read the setting CLOCK. ValueError says what would be right."""
    if text == "real":
        return REAL
    start, *numbers = text.split("@")
    if len(numbers) not in (1, 2):
        raise ValueError(f"give {FORM}")
    try:
        instant = instants.parse(start)
    except ValueError as error:
        raise ValueError(f"the start {error}") from None
    if not instants.FIRST <= instant <= instants.LAST:
        raise ValueError("the start lies outside 2000 to 2099, for which calendars answer")
    try:
        rate, *origin = (float(number) for number in numbers)
    except ValueError:
        raise ValueError(f"rate and origin are numbers: give {FORM}") from None
    if not 0 < rate <= MAX_RATE:
        raise ValueError(f"the rate has to be above 0 and at most {MAX_RATE:.0f}")
    if origin and not 0 <= origin[0] < 1e11:
        raise ValueError("the origin is a time of the wall clock in UNIX seconds, as in 1793610000")
    return Pace(instant, rate, origin[0] if origin else None)


class Clock:
    """A running clock. It reads the wall (`time.time_ns`, or what it is given) in `now`, and once when it is made."""

    __slots__ = ("_origin", "_rate", "_read", "_start")

    def __init__(self, pace: Pace = REAL, read: Callable[[], int] = time.time_ns) -> None:
        self._read = read
        self._start = pace.start
        self._rate = pace.rate
        # Whole microseconds: they are exact in a float, nanoseconds since 1970 are not.
        self._origin = read() // 1000 if pace.origin is None else round(pace.origin * 1e6)

    @property
    def rate(self) -> float:
        """Seconds of this clock in a second of the wall."""
        return self._rate

    @property
    def pace(self) -> Pace:
        """What it shows, origin included: hand it to a process that has to agree."""
        return Pace(self._start, self._rate, self._origin / 1e6)

    def now(self) -> int:
        """The instant that it shows now, in microseconds."""
        return self._at(self._read() // 1000)

    def at(self, wall_seconds: float) -> int:
        """The instant, in microseconds, that it shows when the wall shows these UNIX seconds."""
        return self._at(round(wall_seconds * 1e6))

    def wall(self, at_us: int) -> float:
        """The UNIX seconds of the wall at which it shows this instant: the inverse of `at`."""
        return self._origin / 1e6 + (at_us - self._start) / 1e6 / self._rate

    def _at(self, wall: int) -> int:
        elapsed = wall - self._origin
        return self._start + (elapsed if self._rate == 1.0 else int(elapsed * self._rate))
