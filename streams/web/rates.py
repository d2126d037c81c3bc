"""How often somebody may ask: a bucket of tokens for each, the least used forgotten first."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

KEPT: Final = 10_000


class Rate(NamedTuple):
    """So many at once, and so many a second."""

    burst: float
    per_second: float


READING: Final = Rate(200, 50)
ACTING: Final = Rate(100, 10)
GUESSING: Final = Rate(200, 5)
"""Of one address: requests that do not say who asks, or say it wrongly."""


class Buckets:
    """By name; `now` is seconds of a monotonic clock."""

    def __init__(self, rate: Rate, kept: int = KEPT) -> None:
        self._rate, self._kept = rate, kept
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, name: str, now: float, cost: float = 1.0) -> float:
        """Take so many; 0, or in how many seconds there are as many again."""
        level = self._level(name, now)
        if level < cost:
            return (cost - level) / self._rate.per_second
        self._put(name, level - cost, now)
        return 0.0

    def _level(self, name: str, now: float) -> float:
        level, at = self._levels.get(name, (self._rate.burst, now))
        return min(self._rate.burst, level + (now - at) * self._rate.per_second)

    def _put(self, name: str, level: float, now: float) -> None:
        self._levels[name] = (level, now)
        self._levels.move_to_end(name)
        if len(self._levels) > self._kept:
            self._levels.popitem(last=False)
