"""The windowed table of one partition: cohorts, sums of the shares of its items (contract section 7).

A cohort is a row for each workflow, clock, department and hour of the cycles' start. When an item's shares change, the
old ones are taken out and the new ones put in, so a late event, a move to another department or a new policy needs no
rule of its own. Windows end by event time: `KEPT` after their last instant they are gone, and what still changes of
their cycles counts nowhere.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from schemas.policy import HOUR, MINUTE
from streams.core.shares import EXPIRED, KEPT, OUTCOMES, UNJUDGED, WINDOW, Share

BOUNDS: Final = (15 * MINUTE, 30 * MINUTE, *(hours * HOUR for hours in (1, 2, 4, 8, 16, 24, 40, 80)))
"""Upper bounds of the response time's buckets, inclusive, in microseconds; the last bucket has none."""
_SHORT, _ALERTED, _SUM, _COUNT, _BUCKETS = range(EXPIRED + 1, EXPIRED + 6)
_LENGTH: Final = _BUCKETS + len(BOUNDS) + 1


class Key(NamedTuple):
    """Which cohort."""

    workflow: str
    clock: str
    department: str
    window: int
    """Its start, in microseconds; it lasts an hour."""


class Cohort:
    """The sums of one row."""

    __slots__ = ("_sums",)

    def __init__(self, sums: Iterable[int] = ()) -> None:
        self._sums = list(sums) or [0] * _LENGTH

    def add(self, share: Share, sign: int = 1) -> None:
        """Put a share in, or take it out (`sign` -1)."""
        sums, response = self._sums, share.response
        sums[share.outcome] += sign
        if share.short:
            sums[_SHORT] += sign
        if share.alerted:
            sums[_ALERTED] += sign
        if response is not None:
            sums[_SUM] += sign * response
            sums[_COUNT] += sign
            sums[_BUCKETS + bisect_left(BOUNDS, response)] += sign

    def merge(self, other: Cohort) -> None:
        """Put all of another cohort in."""
        self._sums = [mine + its for mine, its in zip(self._sums, other._sums, strict=True)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cohort) and self._sums == other._sums

    __hash__ = None  # type: ignore[assignment]  # sums change

    def __bool__(self) -> bool:
        return any(self._sums)

    def __repr__(self) -> str:
        return f"Cohort({self._sums})"

    def count(self, outcome: int) -> int:
        """Cycles of this outcome."""
        return self._sums[outcome]

    @property
    def opened(self) -> int:
        """Cycles of any outcome."""
        return sum(self._sums[: len(OUTCOMES)])

    @property
    def short_notice(self) -> int:
        """Cycles whose due was put off for want of notice."""
        return self._sums[_SHORT]

    @property
    def alerted(self) -> int:
        """Cycles of which a stage fired."""
        return self._sums[_ALERTED]

    @property
    def responses(self) -> int:
        """Cycles that stopped."""
        return self._sums[_COUNT]

    @property
    def response_sum(self) -> int:
        """Their open time from start to stop, in microseconds."""
        return self._sums[_SUM]

    @property
    def buckets(self) -> list[int]:
        """Of these, those in each bucket alone (not cumulative): of `BOUNDS`, and one for what is beyond."""
        return self._sums[_BUCKETS:]


class Cohorts:
    """All rows of a partition. `kept`: microseconds after a window's end; None keeps all."""

    def __init__(self, kept: int | None = KEPT) -> None:
        self.kept = kept
        self.rows: dict[Key, Cohort] = {}
        self.changed: dict[tuple[str, str, str, int], None] = {}
        """Keys of the rows that changed or went since they were taken."""
        self._windows: dict[int, list[Key]] = {}
        self._order: list[int] = []
        self._first = -(1 << 62)
        """Windows that start before this are over."""

    def change(self, workflow: str, before: Sequence[Share], after: Sequence[Share]) -> None:
        """An item's shares change."""
        for share in before:
            if share not in after:
                self._put(workflow, share, -1)
        for share in after:
            if share not in before:
                self._put(workflow, share, 1)

    def take_changed(self) -> list[Key]:
        """The rows that changed or went since the last call."""
        taken = [Key(*key) for key in self.changed]
        self.changed.clear()
        return taken

    def expire(self, latest: int) -> None:
        """Windows that are over go; `latest`: the greatest event time seen."""
        if self.kept is None or (first := latest - self.kept - WINDOW) <= self._first:
            return
        self._first = first
        while self._order and self._order[0] < first:
            for key in self._windows.pop(heapq.heappop(self._order)):
                del self.rows[key]
                self.changed[key] = None

    def __iter__(self) -> Iterator[tuple[Key, Cohort]]:
        return iter(self.rows.items())

    def _put(self, workflow: str, share: Share, sign: int) -> None:
        start = share.start
        window = start - start % WINDOW
        if window < self._first or share.clock == UNJUDGED:
            return
        key = (workflow, share.clock, share.department, window)  # equal to a Key, and quicker to make
        row = self.rows.get(key)  # type: ignore[call-overload]
        if row is None:
            row = self._begin(Key(*key))
        row.add(share, sign)
        self.changed[key] = None

    def _begin(self, key: Key) -> Cohort:
        keys = self._windows.get(key.window)
        if keys is None:
            keys = self._windows[key.window] = []
            heapq.heappush(self._order, key.window)
        keys.append(key)
        row = self.rows[key] = Cohort()
        return row
