"""What is told of a partition in numbers: its cohorts, what is pending, what fires.

All of it is derived from the shares that stand with the items and from the open alerts, by `rebuild`; from then on each
decision replaces an item's old shares by its new ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from streams.core import state as states
from streams.core.agenda import OWN
from streams.core.cohorts import Cohorts
from streams.core.firing import Firing
from streams.core.pending import Pending
from streams.core.shares import ENDED, KEPT, Ended, Share
from streams.core.shelf import Shelf


class Accounts:
    """The numbers of one partition. `kept`: how long windows are kept after their end; None: for ever."""

    def __init__(self, items: Shelf, firing: Firing, kept: int | None = KEPT) -> None:
        self._items, self.firing = items, firing
        self.cohorts = Cohorts(kept)
        self.pending = Pending()

    def rebuild(self, latest: int) -> None:
        """Begin anew from what stands on the shelves; `latest`: the greatest event time seen."""
        self.cohorts, self.pending = Cohorts(self.cohorts.kept), Pending()
        self.cohorts.expire(latest)
        for key, value in self._items.items():
            if not key.startswith(OWN):
                workflow = key[: key.index(b":")].decode()
                shares = states.shares(value)
                self.cohorts.change(workflow, (), shares)
                self.pending.change(workflow, (), shares)
        self.firing.count()

    def change(self, workflow: str, before: Sequence[Share], after: Sequence[Share]) -> Iterable[Ended]:
        """A decision changed an item's shares; what came to an end with it."""
        if before == after:
            return ()
        self.cohorts.change(workflow, before, after)
        self.pending.change(workflow, before, after)
        return _ended(workflow, before, after) if after and any(share.outcome >= ENDED for share in after) else ()


def _ended(workflow: str, before: Sequence[Share], after: Sequence[Share]) -> Iterator[Ended]:
    known = {(share.start, share.clock): share.outcome for share in before if share.outcome >= ENDED}
    told = {start for start, _ in known}
    for share in after:
        if share.outcome >= ENDED and known.get((share.start, share.clock)) != share.outcome:
            yield Ended(workflow, share, share.start not in told)
            told.add(share.start)
