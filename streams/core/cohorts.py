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
from streams.core.shares import PENDING as _PENDING

BOUNDS: Final = (15 * MINUTE, 30 * MINUTE, *(hours * HOUR for hours in (1, 2, 4, 8, 16, 24, 40, 80)))
"""Upper bounds of the response time's buckets, inclusive, in microseconds; the last bucket has none."""
_WIDTH: Final = int(WINDOW)
PENDING: Final = int(_PENDING)
_SHORT: Final = int(EXPIRED) + 1
_ALERTED: Final = _SHORT + 1
_SUM: Final = _SHORT + 2
_COUNT: Final = _SHORT + 3
_BUCKETS: Final = _SHORT + 4
_place: Final = bisect_left
_LENGTH: Final = _BUCKETS + len(BOUNDS) + 1


class Key(NamedTuple):
    """Which cohort."""

    workflow: str
    clock: str
    department: str
    window: int
    """Its start, in microseconds; it lasts an hour."""


class Cohort:
    """The sums of one row. `changed`: its key is among those that changed."""

    __slots__ = ("_sums", "changed", "key")

    def __init__(self, sums: Iterable[int] = (), key: Key | None = None) -> None:
        self._sums = list(sums) or [0] * _LENGTH
        self.key, self.changed = key, False

    def add(self, share: Share, sign: int = 1) -> None:
        """Put a share in, or take it out (`sign` -1)."""
        sums, response = self._sums, share.response
        outcome: int = share.outcome
        sums[outcome] += sign
        if share.short:
            sums[_SHORT] += sign
        if share.alerted:
            sums[_ALERTED] += sign
        if response is not None:
            sums[_SUM] += sign * response
            sums[_COUNT] += sign
            sums[_BUCKETS + _place(BOUNDS, response)] += sign

    def open(self, *, short: bool) -> None:
        """A cycle begins."""
        sums = self._sums
        sums[PENDING] += 1
        if short:
            sums[_SHORT] += 1

    def close(self, outcome: int, response: int) -> None:
        """A cycle that was open, and of which nothing was said, was stopped after so much open time."""
        sums = self._sums
        sums[PENDING] -= 1
        sums[outcome] += 1
        sums[_SUM] += response
        sums[_COUNT] += 1
        sums[_BUCKETS + _place(BOUNDS, response)] += 1

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


class Near:
    """A row that was asked for, of a workflow and a window."""

    __slots__ = ("row", "window", "workflow")

    def __init__(self, workflow: str, window: int, row: Cohort) -> None:
        self.workflow, self.window, self.row = workflow, window, row


class Cohorts:
    """All rows of a partition. `kept`: microseconds after a window's end; None keeps all."""

    def __init__(self, kept: int | None = KEPT) -> None:
        self.kept = kept
        self.rows: dict[Key, Cohort] = {}
        self.changed: dict[Key, None] = {}
        """Keys of the rows that changed or went since they were taken."""
        self._windows: dict[int, list[Key]] = {}
        self._order: list[int] = []
        self._first = -(1 << 62)
        """Windows that start before this are over."""
        self._near: dict[str, dict[str, Near]] = {}
        """By clock and department: the row that was asked for last."""

    def change(self, workflow: str, before: Sequence[Share], after: Sequence[Share]) -> None:
        """An item's shares change."""
        if len(before) == 1 and len(after) == 1 and self._turned(workflow, before[0], after[0]):
            return
        for share in before:
            if share not in after:
                self._put(workflow, share, -1)
        for share in after:
            if not before or share not in before:
                self._put(workflow, share, 1)

    def row(self, workflow: str, clock: str, department: str, start: int) -> Cohort | None:
        """The row of a cycle that started then, which is about to change; None if none is kept."""
        near = self._near.get(clock)
        if near is None:
            near = self._near[clock] = {}
        last = near.get(department)
        window = start - start % _WIDTH
        if last is None or last.window != window or last.workflow != workflow:
            row = self._row(workflow, clock, department, window)
            if row is not None:
                near[department] = Near(workflow, window, row)
            return row
        row = last.row
        if not row.changed:
            self._mark(row)
        return row

    def _mark(self, row: Cohort) -> None:
        row.changed = True
        if row.key is not None:
            self.changed[row.key] = None

    def take_changed(self) -> list[Key]:
        """The rows that changed or went since the last call."""
        taken = list(self.changed)
        for key in taken:
            if (row := self.rows.get(key)) is not None:
                row.changed = False
        self.changed.clear()
        return taken

    def expire(self, latest: int) -> None:
        """Windows that are over go; `latest`: the greatest event time seen."""
        if self.kept is None or (first := latest - self.kept - _WIDTH) <= self._first:
            return
        self._first = first
        if self._order and self._order[0] < first:
            self._near.clear()
        while self._order and self._order[0] < first:
            for key in self._windows.pop(heapq.heappop(self._order)):
                del self.rows[key]
                self.changed[key] = None

    def __iter__(self) -> Iterator[tuple[Key, Cohort]]:
        return iter(self.rows.items())

    def _turned(self, workflow: str, old: Share, new: Share) -> bool:
        """Whether both stand in one row, so that it was looked up only once."""
        clock, department, start = old.clock, old.department, old.start
        if clock != new.clock or department != new.department or start != new.start:
            return False
        row = self.row(workflow, clock, department, start)
        if row is not None:
            row.add(old, -1)
            row.add(new, 1)
        return True

    def _put(self, workflow: str, share: Share, sign: int) -> None:
        row = self.row(workflow, share.clock, share.department, share.start)
        if row is not None:
            row.add(share, sign)

    def _row(self, workflow: str, clock: str, department: str, window: int) -> Cohort | None:
        if window < self._first or clock == UNJUDGED:
            return None
        key = Key(workflow, clock, department, window)
        row = self.rows.get(key)
        if row is None:
            row = self._begin(key)
        self._mark(row)
        return row

    def _begin(self, key: Key) -> Cohort:
        keys = self._windows.get(key.window)
        if keys is None:
            keys = self._windows[key.window] = []
            heapq.heappush(self._order, key.window)
        keys.append(key)
        row = self.rows[key] = Cohort((), key)
        return row
