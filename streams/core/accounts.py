"""What is told of a partition in numbers: its cohorts, what is pending, what fires.

All of it is derived from the shares that stand with the items and from the open alerts, by `rebuild`; from then on each
decision replaces an item's old shares by its new ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from streams.core import state as states
from streams.core.agenda import OWN
from streams.core.cohorts import Cohorts
from streams.core.effects import Ended
from streams.core.firing import Firing
from streams.core.pending import NEVER, Pending, Standing, standing
from streams.core.shares import ENDED, KEPT, Share
from streams.core.shelf import Shelf


def shares_of(items: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[str, bytes, list[Share]]]:
    """Workflow, key and shares of each item, of what stands on a shelf."""
    workflows: dict[bytes, str] = {}
    for key, value in items:
        if not key.startswith(OWN):
            name = key[: key.index(b":")]
            yield workflows.get(name) or workflows.setdefault(name, name.decode()), key, states.shares(value)


OVER: Final = int(ENDED)
NONE: Final = int(NEVER)


class Line:
    """A share of a cycle that begins, or of one that was stopped and of which nothing was said, with all at hand.

    `soon` and `due`: NEVER for none. `outcome`, `response`: of one that was stopped.
    """

    __slots__ = ("clock", "department", "due", "outcome", "response", "share", "short", "soon", "start")

    def __init__(
        self, share: Share, start: int, clock: str, department: str, due: int | None, soon: int | None, *,
        short: bool = False, outcome: int = 0, response: int = 0,
    ) -> None:  # fmt: skip
        self.share, self.start, self.clock, self.department, self.short = share, start, clock, department, short
        self.due: int = NONE if due is None else due
        self.soon: int = self.due if soon is None else soon
        self.outcome, self.response = outcome, response


class Accounts:
    """The numbers of one partition. `kept`: how long windows are kept after their end; None: for ever."""

    def __init__(self, items: Shelf, firing: Firing, kept: int | None = KEPT) -> None:
        self._items, self.firing = items, firing
        self.cohorts = Cohorts(kept)
        self.pending = Pending()

    def rebuild(self, latest: int) -> None:
        """Begin anew from what stands on the shelves; `latest`: the greatest event time seen."""
        self.cohorts = cohorts = Cohorts(self.cohorts.kept)
        cohorts.expire(latest)
        found: defaultdict[tuple[str, str], list[Standing]] = defaultdict(list)
        for workflow, _, shares in shares_of(self._items.items()):
            cohorts.change(workflow, (), shares)
            if (one := standing(shares)) is not None:
                found[workflow, one[0]].append(one)
        self.pending = Pending(found)
        self.firing.count()

    def begin(self, workflow: str, lines: Sequence[Line]) -> None:
        """An item begins, with one cycle: as `change` from nothing to the shares of its lines."""
        due = soon = NONE
        for line in lines:
            due, soon = min(due, line.due), min(soon, line.soon)
            row = self.cohorts.row(workflow, line.clock, line.department, line.start)
            if row is not None:
                row.open(short=line.short)
        last = lines[-1]
        self.pending.begin(workflow, last.department, last.start, soon, due)

    def end(self, workflow: str, lines: Sequence[Line]) -> list[Ended]:
        """An item's one cycle was stopped, and nothing had been said of it: as `change`."""
        due, soon, ended = NONE, NONE, list[Ended]()
        for line in lines:
            due, soon = min(due, line.due), min(soon, line.soon)
            row = self.cohorts.row(workflow, line.clock, line.department, line.start)
            if row is not None:
                row.close(line.outcome, line.response)
            ended.append(Ended(workflow, line.share, not ended))
        last = lines[-1]
        self.pending.end(workflow, last.department, last.start, soon, due)
        return ended

    def change(self, workflow: str, before: Sequence[Share], after: Sequence[Share]) -> Sequence[Ended]:
        """A decision changed an item's shares; what came to an end with it."""
        if before and before == after:
            return ()
        self.cohorts.change(workflow, before, after)
        self.pending.change(workflow, before, after)
        if len(before) <= 1 and len(after) == 1 and (not before or before[0].outcome < OVER):  # most of all
            return (Ended(workflow, after[0], True),) if after[0].outcome >= OVER else ()
        ended = [share for share in after if share.outcome >= OVER and share not in before]
        if not ended:
            return ()
        return _told(workflow, before, ended)


def _told(workflow: str, before: Sequence[Share], ended: Sequence[Share]) -> list[Ended]:
    """Those whose end is news; the first of a cycle is the one that tells of it."""
    known = {(share.start, share.clock): share.outcome for share in before if share.outcome >= ENDED}
    told, found = {start for start, _ in known}, []
    for share in ended:
        if known.get((share.start, share.clock)) != share.outcome:
            found.append(Ended(workflow, share, share.start not in told))
            told.add(share.start)
    return found
