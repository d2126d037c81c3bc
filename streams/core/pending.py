"""What is pending in one partition at a moment, by workflow and department: kept up to date, never counted through.

Theory of operation. An item that runs is `on_time`, from its first stage before a due on `due_soon`, from a due on
`missed`; of several clocks the most urgent counts, so the earliest of each instant is enough. Each group counts the
instants that have passed and keeps those ahead in order, so to look at a later moment costs what has passed since.
What comes and goes is put in order only when somebody looks, or when much of it waits.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from streams.core.shares import ENDED, PAUSED, Share

ON_TIME, DUE_SOON, LATE, WAITING = "on_time", "due_soon", "missed", "paused"
STATES: Final = (ON_TIME, DUE_SOON, LATE, WAITING)
NEVER: Final = 1 << 62
OVER: Final = int(ENDED)
WAITS: Final = int(PAUSED)
FEW: Final = 1_024
"""Instants that are not worth an array."""
PART: Final = 4
"""Of what stands in order, this part may wait to be put in order."""


def _apart(came: list[int], went: list[int]) -> tuple[list[int], list[int]]:
    """What is left of both when what they have in common cancels out; both in order."""
    left, gone, place, end = list[int](), list[int](), 0, len(went)
    for at in came:
        while place < end and went[place] < at:
            gone.append(went[place])
            place += 1
        if place < end and went[place] == at:
            place += 1
        else:
            left.append(at)
    return left, gone + went[place:]


class Moments:
    """Instants, the first of them at hand; any of them can be taken out.

    Most stand in a sorted array of 8 bytes each, those that came lately in a sorted list, and those that go before they
    are first in another. What came and went since somebody asked stands as it came.
    """

    __slots__ = ("_at", "_came", "_count", "_from", "_gone", "_late", "_past", "_sorted", "_went")

    def __init__(self, instants: Iterable[int] = ()) -> None:
        self._sorted, self._at = array("q", sorted(instants)), 0
        self._late: list[int] = []
        self._from = 0
        self._gone: list[int] = []
        self._past = 0
        self._came: list[int] = []
        self._went: list[int] = []
        self._count = len(self._sorted)

    def add(self, at: int) -> None:
        """Put one in."""
        came = self._came
        came.append(at)
        self._count += 1
        if len(came) > FEW:
            self._look()

    def remove(self, at: int) -> None:
        """Take one out that is in."""
        went = self._went
        went.append(at)
        self._count -= 1
        if len(went) > FEW:
            self._look()

    def _look(self) -> None:
        """Whether so much is new that it is worth to be put in order."""
        if PART * (len(self._came) + len(self._went)) > len(self._sorted) - self._at:
            self._settle()

    def _settle(self) -> None:
        """Put in order what is new; of one instant, what came and what went cancel each other."""
        came, went = self._came, self._went
        self._came, self._went = [], []
        came.sort()
        went.sort()
        if came and went and went[0] <= came[-1]:
            came, went = _apart(came, went)
        late = self._late[self._from :] + came
        late.sort()
        self._late, self._from = late, 0
        gone = self._gone[self._past :] + went
        gone.sort()
        self._gone, self._past = gone, 0
        rest = len(self._sorted) - self._at
        if (len(late) > FEW and len(late) > rest // PART) or (len(gone) > FEW and 2 * len(gone) > rest + len(late)):
            self._sorted, self._at, self._late, self._gone = array("q", self._left()), 0, [], []

    def _left(self) -> list[int]:
        """What is in, in order; nothing is new."""
        held = [*self._sorted[self._at :], *self._late[self._from :]]
        held.sort()
        left, _ = _apart(held, self._gone[self._past :])
        return left

    def __len__(self) -> int:
        return self._count

    @property
    def size(self) -> int:
        """How many instants are kept in memory, those that go included."""
        held = len(self._sorted) - self._at + len(self._late) - self._from
        return held + len(self._gone) - self._past + len(self._came) + len(self._went)

    def first(self) -> int | None:
        """The first; None if there is none."""
        if self._came or self._went:
            self._settle()
        while (at := self._front()) is not None and self._past < len(self._gone) and self._gone[self._past] == at:
            self._past += 1
            self._drop(at)
        return at

    def take(self, until: int) -> int:
        """Take out those up to `until` (inclusive); how many they were."""
        taken = 0
        while (at := self.first()) is not None and at <= until:
            self._drop(at)
            taken += 1
        self._count -= taken
        return taken

    def _front(self) -> int | None:
        late = self._late[self._from] if self._from < len(self._late) else None
        if self._at == len(self._sorted):
            return late
        at: int = self._sorted[self._at]
        return at if late is None or at <= late else late

    def _drop(self, at: int) -> None:
        """Leave the front one behind."""
        if self._at < len(self._sorted) and self._sorted[self._at] == at:
            self._at += 1
        else:
            self._from += 1


Standing = tuple[str, int, int, int, bool]
"""How an item stands that runs or is paused: department, start, first soon, first due, whether it is paused."""


def standing(shares: Iterable[Share]) -> Standing | None:
    """Of all shares of an item; None if no cycle of it runs. Instants in microseconds; NEVER for none."""
    last, soon, due = None, NEVER, NEVER
    for share in shares:
        if share.outcome < OVER:
            last, own = share, share.due
            if own is not None:
                due = min(due, own)
                early = share.soon
                soon = min(soon, own if early is None else early)
    return None if last is None else (last.department, last.start, min(soon, due), due, last.outcome == WAITS)


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

    def add(self, start: int, soon: int, due: int, paused: bool, now: int) -> None:
        """An item, as it stands at `now`, the last moment looked at."""
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

    def remove(self, start: int, soon: int, due: int, paused: bool, now: int) -> None:
        """An item that was added."""
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
        self._near: dict[str, dict[str, Group]] = {}
        self._now = 0

    def change(self, workflow: str, before: Sequence[Share], after: Sequence[Share]) -> None:
        """An item's shares change."""
        was = None if not before else standing(before)
        will = None if len(after) == 1 and after[0].outcome >= OVER else standing(after)
        if was is not None:
            if was == will:
                return
            department, start, soon, due, paused = was
            self._group(workflow, department).remove(start, soon, due, paused, self._now)
        if will is not None:
            department, start, soon, due, paused = will
            self._group(workflow, department).add(start, soon, due, paused, self._now)

    def begin(self, workflow: str, department: str, start: int, soon: int, due: int) -> None:
        """An item begins to run; of its clocks the first instants, NEVER for none."""
        self._group(workflow, department).add(start, min(soon, due), due, False, self._now)

    def end(self, workflow: str, department: str, start: int, soon: int, due: int) -> None:
        """An item that ran is over; all as it was when it began."""
        self._group(workflow, department).remove(start, min(soon, due), due, False, self._now)

    def _group(self, workflow: str, department: str) -> Group:
        near = self._near.get(workflow)
        if near is None:
            near = self._near[workflow] = {}
        group = near.get(department)
        if group is None:
            group = self._groups.get((workflow, department))
            if group is None:
                group = self._groups[workflow, department] = Group()
            near[department] = group
        return group

    def at(self, now: int) -> Iterator[tuple[str, str, Group]]:
        """Workflow, department and group, as they stand at `now`; a moment before the last one asked for counts as it.

        Args:
            now: microseconds.
        """
        self._now = max(now, self._now)
        for (workflow, department), group in self._groups.items():
            group.turn(self._now)
            yield workflow, department, group
