"""What one partition knows of its items, and how one of them is decided, the short way or at length."""

from __future__ import annotations

from typing import Any

from schemas.instants import LAST
from schemas.policy import MINUTE
from streams.core import short
from streams.core import state as states
from streams.core.accounts import Accounts
from streams.core.agenda import OWN
from streams.core.arming import Cause
from streams.core.book import Book
from streams.core.calendars import CalendarRangeError
from streams.core.chain import Chain, Term
from streams.core.decide import decide
from streams.core.desk import Desk
from streams.core.effects import DeadLetter, Effects, Step, Touched
from streams.core.firing import Firing
from streams.core.keeping import folded
from streams.core.reign import Reign
from streams.core.shares import KEPT
from streams.core.shelf import Shelf
from streams.core.state import ItemState
from streams.core.voice import Speaker, Voice


class Judge(Desk):
    """Items, the policies by which they are judged, what is open, and what counts.  Arguments as of `Engine`."""

    def __init__(
        self, book: Book, speaker: Speaker, items: Shelf, open: Shelf, at: int = 0, offset: int = 0,  # noqa: A002 - the contract's word
        windows: int | None = KEPT,
    ) -> None:  # fmt: skip
        self._reign = Reign(Term(book, at, offset), items)
        super().__init__(items)
        self.speaker, self.open = speaker, Firing(open)
        self.accounts = Accounts(items, self.open, windows)
        self.latest = 0
        """The greatest event time seen (R3)."""
        self.now = 0
        """The greatest moment that was decided."""
        self.silent: frozenset[str] = frozenset()
        """Workflows whose feed is said to be silent (R16)."""

    @property
    def chain(self) -> Chain:
        """The policies by which it judges."""
        return self._reign.chain

    @property
    def book(self) -> Book:
        """The policy in force."""
        return self._reign.chain.book

    def _decide_step(self, key: bytes, each: Touched, step: Step) -> None:
        try:
            if self._decide_shortly(key, each.workflow, each.state, step):
                return
        except CalendarRangeError as error:
            step.effects.dead.extend(DeadLetter(ref, "invalid", f"time: {error}") for ref in each.refs)
        else:
            self._decide_at_length(key, each, step)

    def _decide_at_length(self, key: bytes, each: Touched, step: Step) -> None:
        each.state.touched = self.now
        effects, limit = step.effects, self.now if step.limit is None else step.limit
        try:
            cause = Cause(each.latest.time, "moved", each.since)
            missing = self._decide(key, each.state, self.now, step.stamp, effects, cause, fire=False, limit=limit)
        except CalendarRangeError as error:
            effects.dead.extend(DeadLetter(ref, "invalid", f"time: {error}") for ref in each.refs)
            return
        if missing:
            detail = "data.anchor: the rule that matches counts from an anchor, and none was given"
            effects.dead.append(DeadLetter(each.ref, "anchor_missing", detail))

    def _decide_shortly(self, key: bytes, workflow: str, state: ItemState, step: Step) -> bool:
        """Whether it was decided the short way."""
        now = self.now
        decided = short.decide(self.chain, workflow, state, now, now if step.limit is None else step.limit)
        if decided is None:
            return False
        if decided.ends:
            step.effects.ended += self.accounts.end(workflow, decided.lines)
        else:
            self.accounts.begin(workflow, decided.lines)
        state.shares, state.touched = decided.shares, now
        moment = decided.moment
        self._put(key, state, moment if moment < 0 else _soonest(state, moment))
        return True

    def _decide_or_park(self, key: bytes, *args: Any, **options: Any) -> None:
        """As `_decide`; an item that a calendar can no longer judge (T9) is kept as it was, and waits for an event."""
        try:
            self._decide(key, *args, **options)
        except CalendarRangeError:
            self._put(key, self._state(key), LAST)

    def _decide(
        self, key: bytes, state: ItemState, at: int, stamp: int | None, effects: Effects, cause: Cause | None, *,
        fire: bool, limit: int, catch_up: bool = False,
    ) -> bool:  # fmt: skip
        workflow, _, item = key.decode().partition(":")
        voice = Voice(
            self.speaker, self.book, workflow, item, at, at if stamp is None else stamp, self.open, state.said,
            catch_up, workflow in self.silent,
        )  # fmt: skip
        cycles, before = folded(state, self.book.settings, limit, self.chain.ages).cycles, state.shares
        moment, missing = decide(voice, self.chain, state, cycles, cause, fire=fire)
        effects.alerts.extend(voice.alerts)
        self.open.take(voice.alerts, voice.closed)
        if before or state.shares:
            effects.ended += self.accounts.change(workflow, before, state.shares)
        if moment is None:
            moment = self._fading(state)
        elif fire:
            moment = max(moment, at + 1)
        else:
            moment = _soonest(state, moment)
        self._put(key, state, moment)
        return missing

    def _fading(self, state: ItemState) -> int:
        """The moment of an item that waits only for the greatest event time."""
        return -(state.history[-1].time + self.book.settings.reorder_window)

    def keep_times(self) -> None:
        """Put what is known of time on the shelf."""
        self.items.put(OWN, states.encode_times(self.latest, self.now))


def _soonest(state: ItemState, moment: int) -> int:
    """When an item that was touched just now is looked at for a `moment` that may lie before that.

    An item that the gate has held back for more than a minute keeps its moment, so that it is caught up with (R11).
    """
    touched, before = state.touched, state.moment
    if moment <= touched and 0 < before < touched - MINUTE:
        return before
    return max(moment, touched)
