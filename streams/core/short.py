"""The short way: an item that begins, and one that is answered before anybody was called, without a fold.

Theory of operation. Most items are an open and a stop. What the fold, the arming and the ladder would give of them is
known beforehand: of an item that begins, each clock's due and first stage; of one that is answered, its old shares with
an outcome and a response time. Whatever is not of these two shapes to the letter goes the long way (`decide`): one that
is remembered has routing that its own events do not tell, one that is parked has the dues of another policy. So does
every decision of a policy or of a moment. A property holds the two ways equal (tests/property/test_short.py).

What msgspec reads is taken apart at once (`astuple`), which is quicker than to ask for each field of it.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import astuple

from schemas.events import Action
from schemas.instants import LAST
from streams.core.accounts import Line
from streams.core.book import Book
from streams.core.chain import Chain
from streams.core.deadlines import verdict
from streams.core.fold import ROUTINE
from streams.core.ladder import Ladder
from streams.core.shares import MET, MISSED, PENDING, UNJUDGED, Share
from streams.core.speech import next_moment
from streams.core.state import ClockState, CycleState, ItemState

PARKED: Final = int(LAST)
"""The moment of an item that the policy in force cannot judge: what it had is the old policy's."""
OPEN: Final = int(Action.OPEN)
STOP: Final = int(Action.STOP)
RUNS: Final = int(PENDING)
IN_TIME: Final = int(MET)
LATE: Final = int(MISSED)
NEW: Final = ClockState()
_taken_apart: Final = astuple
_CLOCK_STATE: Final = ClockState
_CYCLE_STATE: Final = CycleState
_SHARE: Final = Share
"""Names of this module: compiled, they are reached without a look into a dictionary."""
TIME: Final = 0
"""The first of the places in an entry."""
ACTION: Final = 3
DEPARTMENT: Final = 4
SITE: Final = 5
POOL: Final = 6
PRIORITY: Final = 8
KIND: Final = 9
ANCHOR: Final = 10
OWNER: Final = 7
CLOCK: Final = 1
"""The first of the places in a share."""
LABEL: Final = 2
DUE: Final = 4
SOON: Final = 5
SHORT: Final = 6


class Decided:
    """What became of it.

    `ends`: it was answered; else it began. `moment`: at which something may be due next, negative as in `Desk.put`.
    `shares`, and the same again as `lines`.
    """

    __slots__ = ("ends", "lines", "moment", "shares")

    def __init__(self, lines: list[Line], moment: int, *, ends: bool) -> None:
        self.lines, self.moment, self.ends = lines, moment, ends
        self.shares: list[Share] = [line.share for line in lines]


def decide(chain: Chain, workflow: str, state: ItemState, at: int, limit: int) -> Decided | None:
    """Decide an item at `at` (microseconds) and keep in `state` what `decide.decide` would; None: go the long way.

    Args:
        limit: up to which moment cycles may expire.
    """
    count = len(state.history)
    if count > 2 or chain.ages or state.said or state.past is not None or state.moment == PARKED:
        return None
    if count == 2:
        return answered(chain.book, workflow, state)
    return None if state.cycles or state.shares else began(chain.book, workflow, state, at, limit)


def began(book: Book, workflow: str, state: ItemState, at: int, limit: int) -> Decided | None:
    """An item whose one event opens it, decided at `at`; None: go the long way."""
    settings, entry = book.settings, _taken_apart(state.history[0])
    start: int = entry[TIME]
    anchor: int | None = entry[ANCHOR]
    action: int = entry[ACTION]
    if action != OPEN or start < settings.enforce_from:
        return None
    moment = max(start, anchor or start) + settings.max_age
    if moment <= limit:
        return None
    plan = book.plan(
        workflow, entry[DEPARTMENT], entry[SITE], entry[POOL], entry[KIND], entry[PRIORITY] or ROUTINE
    )  # fmt: skip
    label, lines, clocks = plan.label, list[Line](), dict[str, ClockState | None]()
    for line in plan.lines:
        found = verdict(book, line.calendar, line.rule, line.index, start, anchor, (), start)
        if found.due is None:
            return None
        ladder = Ladder(line.clock, found, start)
        first = ladder.at(0) if line.always else None
        if first is None or first < at:
            first = next_moment(at, line.clock, found, ladder, NEW, 0)
        if first is not None and first < moment:
            moment = first
        clocks[line.name] = None
        soon = ladder.at(0) if line.early else None
        share = _SHARE(start, line.name, label, RUNS, found.due, soon, found.short)
        lines.append(Line(share, start, line.name, label, found.due, soon, short=found.short))
    if clocks:
        state.cycles = [_CYCLE_STATE(start, clocks)]
    else:
        lines.append(Line(_SHARE(start, UNJUDGED, label, RUNS), start, UNJUDGED, label, None, None))
    return Decided(lines, moment, ends=False)


def answered(book: Book, workflow: str, state: ItemState) -> Decided | None:
    """An item of which a cycle ran and nobody was called, whose second event stops it; None: go the long way."""
    history, cycles = state.history, state.cycles
    start, stop = _taken_apart(history[0]), _taken_apart(history[1])
    opens: int = start[ACTION]
    stops: int = stop[ACTION]
    if len(cycles) != 1 or opens != OPEN or stops != STOP:
        return None
    if not _gives_nothing(stop):
        return None
    said, begun, anchor = cycles[0], int(start[TIME]), start[ANCHOR]
    end: int = stop[TIME]
    clocks = said.clocks
    if said.start != begun or said.end is not None or not clocks.keys() <= book.names[workflow]:
        return None
    if max(begun, anchor or begun) + book.settings.max_age <= end:
        return None
    lines = _outcomes(book, workflow, state.shares, start, end)
    if lines is None:
        return None
    for clock in book.clocks[workflow]:
        kept = clocks.get(clock.name)
        if kept is not None:
            kept.ended = True
        elif clock.name not in clocks:
            clocks[clock.name] = _CLOCK_STATE(ended=True)
    said.end = end
    return Decided(lines, -(end + book.settings.reorder_window), ends=True)


def _gives_nothing(entry: tuple[Any, ...]) -> bool:
    """Whether an event says nothing of where its item belongs, nor when it is due."""
    return (
        entry[DEPARTMENT] is None and entry[SITE] is None and entry[POOL] is None and entry[OWNER] is None
        and entry[PRIORITY] is None and entry[KIND] is None and entry[ANCHOR] is None
    )  # fmt: skip


def _outcomes(book: Book, workflow: str, before: list[Share], start: tuple[Any, ...], end: int) -> list[Line] | None:
    """The shares of a cycle that was stopped, from those that it had; None if they do not tell all."""
    plan = book.plan(
        workflow, start[DEPARTMENT], start[SITE], start[POOL], start[KIND], start[PRIORITY] or ROUTINE
    )  # fmt: skip
    if len(plan.lines) != len(before):
        return None
    begun: int = start[TIME]
    found: list[Line] = []
    for index, line in enumerate(plan.lines):
        had = _taken_apart(before[index])
        due: int | None = had[DUE]
        if had[CLOCK] != line.name or due is None or line.rule.not_before is not None:
            return None
        label: str = had[LABEL]
        soon: int | None = had[SOON]
        short: bool = had[SHORT]
        response, how = line.calendar.between(begun, end), IN_TIME if end <= due else LATE
        share = _SHARE(begun, line.name, label, how, due, None, short, False, response)
        found.append(Line(share, begun, line.name, label, due, soon, outcome=how, response=response))
    return found
