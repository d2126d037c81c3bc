"""What one cycle adds to a cohort, as one clock judges it (contract section 7).

A share is a function of the cycle and of the policy that judges it, but for `alerted`, which hangs on what was said. It
is kept with its item, so the sums (`cohorts`) and what is pending (`pending`) are derived from the items alone: no
second table can be torn from them, and a decision replaces the old shares of an item by its new ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from schemas.events import Action
from schemas.policy import DAY, HOUR, Clock
from streams.core.book import Book
from streams.core.deadlines import Verdict
from streams.core.fold import Cycle
from streams.core.ladder import Ladder
from streams.core.running import run

STOP: Final = Action.STOP
CANCEL: Final = Action.CANCEL
PENDING, PAUSED, MET, MISSED, CANCELLED, EXPIRED = range(6)
OUTCOMES: Final = ("pending", "paused", "met", "missed", "cancelled", "expired")
"""The names of the outcomes, by number."""
ENDED: Final = MET
"""From this outcome on a cycle has ended."""
UNJUDGED: Final = ""
"""In place of a clock: the item is pending, and no clock judges it. It is in no cohort."""
WINDOW: Final = HOUR
KEPT: Final = 35 * DAY
"""How long a window is kept after its end, by the greatest event time seen."""


class Share(msgspec.Struct, array_like=True, gc=False):
    """One cycle by one clock; instants in microseconds."""

    start: int
    clock: str
    department: str
    """As it is in labels: `other` if the policy does not know it (R17)."""
    outcome: int
    due: int | None = None
    soon: int | None = None
    """When the first stage before the due comes; of a cycle that runs."""
    short: bool = False
    """The due was put off for want of notice (T11)."""
    alerted: bool = False
    """A stage fired."""
    response: int | None = None
    """Open time from start to stop, pauses left out, in microseconds; of a cycle that stopped."""
    attempts: int = 0
    overdue: bool = False
    """It was cancelled, and its due had passed by then."""

    @property
    def window(self) -> int:
        """The start of its window."""
        return self.start - self.start % WINDOW


def share(book: Book, clock: Clock, cycle: Cycle, verdict: Verdict, ladder: Ladder | None, *, alerted: bool) -> Share:
    """The share of a cycle that the clock judges; `ladder` as long as it runs and its due is known."""
    due, end, soon, response = verdict.due, cycle.end, None, None
    if ladder is not None and clock.stages and clock.stages[0].early:
        soon = ladder.at(0)
    if end is not None and cycle.ending is STOP:
        response = run(verdict.calendar, cycle.start, end, cycle.pauses)
    overdue = cycle.ending is CANCEL and end is not None and due is not None and due < end
    return Share(
        cycle.start, clock.name, book.label(cycle.routing), outcome(cycle, verdict), due, soon,
        verdict.short and due is not None, alerted, response, len(cycle.attempts), overdue,
    )  # fmt: skip


def unjudged(book: Book, cycle: Cycle) -> Share:
    """Stands for a running cycle that no clock judges."""
    return Share(cycle.start, UNJUDGED, book.label(cycle.routing), PAUSED if cycle.paused else PENDING)


def outcome(cycle: Cycle, verdict: Verdict) -> int:
    """How a cycle stands, or ended (R2, R15)."""
    if cycle.end is None:
        return PAUSED if cycle.paused else PENDING
    if cycle.expired:
        return EXPIRED
    if cycle.ending is CANCEL:
        return CANCELLED
    return MET if verdict.due is None or cycle.end <= verdict.due else MISSED


def kept_until(share: Share, kept: int) -> int:
    """The greatest event time up to which its window is kept."""
    return share.window + WINDOW + kept


def over(share: Share, latest: int, kept: int | None = KEPT) -> bool:
    """Whether its window is kept no longer, once the greatest event time is `latest`; None: windows never end."""
    return kept is not None and kept_until(share, kept) < latest


def until(shares: Iterable[Share], kept: int | None = KEPT) -> int | None:
    """The greatest event time up to which the first of these windows is kept; None if there is none, or no end."""
    return None if kept is None else min((kept_until(share, kept) for share in shares), default=None)
