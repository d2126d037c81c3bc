"""The windowed table of one partition: cohorts, sums of the shares of its items (contract section 7).

A cohort is a row for each workflow, clock, department and hour of the cycles' start. When an item's shares change, the
old ones are taken out and the new ones put in, so a late event, a move to another department or a new policy needs no
rule of its own. Windows end by event time: `KEPT` after their last instant they are gone, and what still changes of
their cycles counts nowhere.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from schemas.policy import HOUR, MINUTE
from streams.core.shares import EXPIRED, KEPT, OUTCOMES, UNJUDGED, Share, over

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
        sums = self._sums
        sums[share.outcome] += sign
        if share.short:
            sums[_SHORT] += sign
        if share.alerted:
            sums[_ALERTED] += sign
        if share.response is not None:
            sums[_SUM] += sign * share.response
            sums[_COUNT] += sign
            sums[_BUCKETS + bisect_left(BOUNDS, share.response)] += sign

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
        self.changed: dict[Key, None] = {}
        """Rows that changed or went since whoever publishes them took note."""
        self._windows: dict[int, list[Key]] = {}
        self._order: list[int] = []

    def change(self, workflow: str, before: Iterable[Share], after: Iterable[Share], latest: int) -> None:
        """An item's shares change; `latest`: the greatest event time seen."""
        for share in before:
            self._put(workflow, share, -1, latest)
        for share in after:
            self._put(workflow, share, 1, latest)

    def expire(self, latest: int) -> None:
        """Windows that are over go."""
        while self._order and self.kept is not None and self._order[0] + HOUR + self.kept < latest:
            for key in self._windows.pop(heapq.heappop(self._order)):
                del self.rows[key]
                self.changed[key] = None

    def __iter__(self) -> Iterator[tuple[Key, Cohort]]:
        return iter(self.rows.items())

    def _put(self, workflow: str, share: Share, sign: int, latest: int) -> None:
        if share.clock == UNJUDGED or over(share, latest, self.kept):
            return
        key = Key(workflow, share.clock, share.department, share.window)
        row = self.rows.get(key)
        if row is None:
            row = self.rows[key] = Cohort()
            keys = self._windows.get(key.window)
            if keys is None:
                keys = self._windows[key.window] = []
                heapq.heappush(self._order, key.window)
            keys.append(key)
        row.add(share, sign)
        self.changed[key] = None
