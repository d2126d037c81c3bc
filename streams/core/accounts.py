"""What is told of a partition in numbers: its cohorts, what is pending, what fires.

All of it is derived from the shares that stand with the items and from the open alerts, by `rebuild`; from then on each
decision replaces an item's old shares by its new ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from streams.core import state as states
from streams.core.agenda import OWN
from streams.core.cohorts import Cohorts
from streams.core.firing import Firing
from streams.core.pending import Pending, Standing, standing
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
        self.cohorts = cohorts = Cohorts(self.cohorts.kept)
        cohorts.expire(latest)
        found: defaultdict[tuple[str, str], list[Standing]] = defaultdict(list)
        workflows: dict[bytes, str] = {}
        for key, value in self._items.items():
            if not key.startswith(OWN):
                name = key[: key.index(b":")]
                workflow = workflows.get(name) or workflows.setdefault(name, name.decode())
                shares = states.shares(value)
                cohorts.change(workflow, (), shares)
                if (one := standing(shares)) is not None:
                    found[workflow, one[0]].append(one)
        self.pending = Pending(found)
        self.firing.count()

    def change(self, workflow: str, before: Sequence[Share], after: Sequence[Share]) -> Sequence[Ended]:
        """A decision changed an item's shares; what came to an end with it."""
        if before == after:
            return ()
        self.cohorts.change(workflow, before, after)
        self.pending.change(workflow, before, after)
        ended = [share for share in after if share.outcome >= ENDED and share not in before]
        return _told(workflow, before, ended) if ended else ()


def _told(workflow: str, before: Sequence[Share], ended: Sequence[Share]) -> list[Ended]:
    """Those whose end is news; the first of a cycle is the one that tells of it."""
    known = {(share.start, share.clock): share.outcome for share in before if share.outcome >= ENDED}
    told, found = {start for start, _ in known}, []
    for share in ended:
        if known.get((share.start, share.clock)) != share.outcome:
            found.append(Ended(workflow, share, share.start not in told))
            told.add(share.start)
    return found
