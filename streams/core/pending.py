"""What is pending in one partition at a moment, by workflow and department: kept up to date, never counted through.

Theory of operation. An item that runs is `on_time`, from its first stage before a due on `due_soon`, from a due on
`missed`; of several clocks the most urgent counts, so the earliest of each instant is enough. Each group counts the
instants that have passed and keeps those ahead in order, so to look at a later moment costs what has passed since.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from streams.core.shares import ENDED, PAUSED, Share

ON_TIME, DUE_SOON, LATE, WAITING = "on_time", "due_soon", "missed", "paused"
STATES: Final = (ON_TIME, DUE_SOON, LATE, WAITING)
NEVER: Final = 1 << 62
FEW: Final = 256
"""Instants that are not worth an array."""


class Bag:
    """Instants, the first of them at hand: most in a sorted array of 8 bytes each, those that came lately in a heap."""

    __slots__ = ("_at", "_late", "_sorted")

    def __init__(self, instants: Iterable[int] = ()) -> None:
        self._sorted, self._at = array("q", sorted(instants)), 0
        self._late: list[int] = []

    def add(self, at: int) -> None:
        """Put one in."""
        heapq.heappush(self._late, at)
        if len(self._late) > FEW and len(self._late) > (len(self._sorted) - self._at) // 8:
            self._sorted, self._at, self._late = array("q", self.all()), 0, []

    def first(self) -> int | None:
        """The first; None if there is none."""
        late = self._late[0] if self._late else None
        if self._at == len(self._sorted):
            return late
        at = self._sorted[self._at]
        return at if late is None or at <= late else late

    def __len__(self) -> int:
        return len(self._sorted) - self._at + len(self._late)

    def all(self) -> list[int]:
        """Every one, in order."""
        return sorted([*self._sorted[self._at :], *self._late])

    def pop(self) -> None:
        """Take the first out."""
        if self._late and (self._at == len(self._sorted) or self._late[0] < self._sorted[self._at]):
            heapq.heappop(self._late)
        else:
            self._at += 1


class Moments:
    """A bag of instants from which any can be taken out.

    Those that go before they are first wait in another bag, until they are half of all.
    """

    __slots__ = ("_gone", "_held")

    def __init__(self, instants: Iterable[int] = ()) -> None:
        self._held, self._gone = Bag(instants), Bag()

    def add(self, at: int) -> None:
        """Put one in."""
        self._held.add(at)

    def remove(self, at: int) -> None:
        """Take one out that is in."""
        self._gone.add(at)
        if len(self._gone) > FEW and 2 * len(self._gone) > len(self._held):
            self._held, self._gone = Bag(_without(self._held.all(), self._gone.all())), Bag()

    def __len__(self) -> int:
        return len(self._held) - len(self._gone)

    @property
    def size(self) -> int:
        """How many instants are kept in memory, those that go included."""
        return len(self._held) + len(self._gone)

    def first(self) -> int | None:
        """The first; None if there is none."""
        at = self._held.first()
        while at is not None and at == self._gone.first():
            self._gone.pop()
            self._held.pop()
            at = self._held.first()
        return at

    def take(self, until: int) -> int:
        """Take out those up to `until` (inclusive); how many they were."""
        taken = 0
        while (at := self.first()) is not None and at <= until:
            self._held.pop()
            taken += 1
        return taken


def _without(held: Iterable[int], gone: Iterable[int]) -> Iterator[int]:
    """What is left of instants when others go that are among them; both in order."""
    left = iter(gone)
    going = next(left, None)
    for at in held:
        if at == going:
            going = next(left, None)
        else:
            yield at


Standing = tuple[str, int, int, int, bool]
"""How an item stands that runs or is paused: department, start, first soon, first due, whether it is paused."""


def standing(shares: Iterable[Share]) -> Standing | None:
    """Of all shares of an item; None if no cycle of it runs. Instants in microseconds; NEVER for none."""
    last, soon, due = None, NEVER, NEVER
    for share in shares:
        if share.outcome < ENDED:
            last = share
            if share.due is not None:
                due = min(due, share.due)
                soon = min(soon, share.due if share.soon is None else share.soon)
    return None if last is None else (last.department, last.start, min(soon, due), due, last.outcome == PAUSED)


class Group:
    """The pending items of one workflow and department."""

    __slots__ = ("_dues", "_late", "_running", "_soon", "_soons", "_starts", "_waiting")

    def __init__(self, items: Sequence[Standing] = ()) -> None:
        running = [one for one in items if not one[4]]
        self._running, self._waiting = len(running), len(items) - len(running)
        self._soon = self._late = 0  # of the running ones: those whose instant has passed
        self._soons = Moments(soon for _, _, soon, _, _ in running if soon < NEVER)
        self._dues = Moments(due for _, _, _, due, _ in running if due < NEVER)
        self._starts = Moments(start for _, start, _, _, _ in running)

    def add(self, one: Standing, now: int) -> None:
        """An item, as it stands at `now`, the last moment looked at."""
        _, start, soon, due, paused = one
        if paused:
            self._waiting += 1
            return
        self._running += 1
        self._starts.add(start)
        if soon <= now:
            self._soon += 1
        elif soon < NEVER:
            self._soons.add(soon)
        if due <= now:
            self._late += 1
        elif due < NEVER:
            self._dues.add(due)

    def remove(self, one: Standing, now: int) -> None:
        """An item that was added."""
        _, start, soon, due, paused = one
        if paused:
            self._waiting -= 1
            return
        self._running -= 1
        self._starts.remove(start)
        if soon <= now:
            self._soon -= 1
        elif soon < NEVER:
            self._soons.remove(soon)
        if due <= now:
            self._late -= 1
        elif due < NEVER:
            self._dues.remove(due)

    def turn(self, now: int) -> None:
        """Look at a later moment."""
        self._soon += self._soons.take(now)
        self._late += self._dues.take(now)

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Items in each of `STATES`."""
        return self._running - self._soon, self._soon - self._late, self._late, self._waiting

    @property
    def oldest(self) -> int | None:
        """The earliest start of those that run; None if none does."""
        return self._starts.first()


class Pending:
    """All pending items of a partition; `items`: those to begin with, by workflow and department."""

    def __init__(self, items: Mapping[tuple[str, str], Sequence[Standing]] | None = None) -> None:
        self._groups = {group: Group(found) for group, found in (items or {}).items()}
        self._now = 0

    def change(self, workflow: str, before: Sequence[Share], after: Sequence[Share]) -> None:
        """An item's shares change."""
        was, will = standing(before), standing(after)
        if was == will:
            return
        if was is not None:
            self._groups[workflow, was[0]].remove(was, self._now)
        if will is not None:
            group = self._groups.get((workflow, will[0]))
            if group is None:
                group = self._groups[workflow, will[0]] = Group()
            group.add(will, self._now)

    def at(self, now: int) -> Iterator[tuple[str, str, Group]]:
        """Workflow, department and group, as they stand at `now`; a moment before the last one asked for counts as it.

        Args:
            now: microseconds.
        """
        self._now = max(now, self._now)
        for (workflow, department), group in self._groups.items():
            group.turn(self._now)
            yield workflow, department, group
