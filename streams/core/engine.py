"""The engine of one partition: items, what has been said, and when to look at them next.

`step` folds events in and decides what they change; `advance` decides what comes by the passing of
time.  Neither reads a clock or sends anything: both return `Effects`, and write to two `Shelf`s.
Stages fire in `advance` alone, so whoever drives the engine says up to when the inputs are known
(contract R11).  Items are the truth; the agenda is derived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from schemas.events import Action, Event
from schemas.instants import LAST
from streams.core import state as states
from streams.core.agenda import OWN
from streams.core.arming import Cause
from streams.core.book import Book
from streams.core.calendars import CalendarRangeError
from streams.core.chain import Term
from streams.core.effects import DeadLetter, Effects, Step, Touched, insert
from streams.core.feeds import look
from streams.core.judge import Judge
from streams.core.keeping import fades, is_kept, shrunk, was_seen, why_late
from streams.core.reach import is_near_the_end, why_unjudgeable
from streams.core.reconcile import reconcile
from streams.core.state import ItemState
from streams.core.voice import caught_up

HEARTBEAT: Final = int(Action.HEARTBEAT)


class Engine(Judge):
    """One partition.  Instants are microseconds UTC.

    Args:
        items: what is kept of items, by `workflow:item`; one key is the engine's own.
        open: the alerts that fire, encoded, by alert id.
        windows: how long cohorts are kept after their hour; None: for ever.
    """

    def rebuild(self, *, stamp: int | None = None) -> Effects:
        """Begin anew from what stands on the shelves; what has to be said again is among the effects (R12)."""
        if (times := self.items.get(OWN)) is not None:
            self.latest, self.now = states.decode_times(times)
        self._reign.inherit()
        effects = Effects(reconcile(self.chain, self.items, self.open, self.now if stamp is None else stamp))
        self._agenda.rebuild()
        self.accounts.rebuild(self.latest)
        return effects

    def step(
        self, events: Iterable[tuple[Event, object]], *, limit: int | None = None, stamp: int | None = None
    ) -> Effects:
        """Fold in events, decide once for each item that they touch; no stage fires.

        Args:
            events: with a handle each, which a dead letter gives back.
            limit, stamp: as in `Step`.
        """
        step = Step(limit, stamp)
        self.take(list(events), step)
        self.keep_times()
        return step.effects

    def take(self, events: list[tuple[Event, object]], step: Step) -> None:
        """As `step`; before what stands on the shelves is written, `keep_times` is still to be called."""
        if len(events) == 1:
            event, ref = events[0]
            self._alone(event, ref, step)
        else:
            self._together(events, step)
        if self._agenda.fades(self.latest):
            for key in self._agenda.faded(self.latest):
                self._fade(key, self._state(key))
        self.accounts.cohorts.expire(self.latest)

    def advance(self, until: int, *, stamp: int | None = None, late: int | None = None) -> Effects:
        """Decide all that comes up to `until` (inclusive), each moment in its order.

        Args:
            late: moments before this are decided as of `until`, with `catch_up` (R11).
        """
        effects, decided = Effects(), False
        while (coming := self._agenda.next()) is not None and coming[0] <= until:
            moment, key = coming
            if self._adopt(key, stamp, effects):
                continue  # its moment is another now, or comes again
            self._agenda.drop()
            catch_up = late is not None and moment < late
            state = self._state(key)
            at = max(until if catch_up else moment, state.touched)
            self._decide_or_park(key, state, at, stamp, effects, None, fire=True, limit=at, catch_up=catch_up)
            decided = True
        self.now = max(self.now, until)
        if decided:
            self.keep_times()
            effects.alerts.extend(caught_up(effects.alerts, self.speaker, self.book, until if stamp is None else stamp))
        return effects

    def next_moment(self) -> int | None:
        """When `advance` has something to do next; it may turn out to be nothing."""
        coming = self._agenda.next()
        return None if coming is None else coming[0]

    def look(self, ends: Mapping[str, int], now: int) -> Effects:
        """Judge the feeds by their topics' ends; for partition 0 (R16)."""
        return Effects(look(self.book, self.speaker, self.items, self.open, ends, now))

    def decree(self, book: Book, at: int, offset: int = 0) -> None:
        """A new policy is in force (R13): time and offset of its record. `adopt` brings the items under it."""
        self._reign.decree(Term(book, at, offset))

    @property
    def adopting(self) -> bool:
        """Whether items are still to be brought under the policy in force."""
        return self._reign.adopting

    def adopt(self, count: int, *, stamp: int | None = None) -> Effects:
        """Bring at most `count` more items under the policy in force."""
        effects = Effects()
        for key in self._reign.pending(count):
            self._adopt(key, stamp, effects)
        self.keep_times()
        return effects

    def _adopt(self, key: bytes, stamp: int | None, effects: Effects) -> bool:
        """Bring an item under the policy in force; whether it had still to be."""
        if not self._reign.claim(key):
            return False
        state, at = self._state(key), self.chain.at
        if state.history:
            self.now = max(self.now, at if stamp is None else min(at, stamp))
            state.touched, cause = self.now, Cause(at, "policy", 0)
            self._decide_or_park(key, state, self.now, stamp, effects, cause, fire=False, limit=self.now)
        return True

    def refuses(self, event: Event, step: Step | None = None) -> str | None:
        """Why an event cannot be judged (T9), to be asked before it may move the time; None if it can."""
        if event.action == HEARTBEAT or not is_near_the_end(event, self._reign.reach):
            return None
        touched = None if step is None else step.touched.get(event.key)
        state = self._state(event.key) if touched is None else touched.state
        return why_unjudgeable(self.book, event.workflow, state, event.entry)

    # -- taking events in -----------------------------------------------------------------------

    def _alone(self, event: Event, ref: object, step: Step) -> None:
        """The one event of a step, as most are."""
        if not self._passes(event, ref, step):
            return
        if (state := self._taken(event, ref, None, step)) is None:
            return
        try:
            if self._decide_shortly(event.key, event.workflow, state, step):
                return
        except CalendarRangeError as error:
            step.effects.dead.append(DeadLetter(ref, "invalid", f"time: {error}"))
        else:
            self._decide_at_length(event.key, Touched(event.workflow, state, event.entry, ref), step)

    def _together(self, events: list[tuple[Event, object]], step: Step) -> None:
        for event, ref in events:
            if self._passes(event, ref, step):
                state = self._taken(event, ref, step.touched.get(event.key), step)
                if state is not None:
                    step.touch(event.key, event.workflow, state, event.entry, ref)
        for key, each in step.touched.items():
            self._decide_step(key, each, step)
        step.touched.clear()

    def _passes(self, event: Event, ref: object, step: Step) -> bool:
        """Whether an event concerns an item; its time counts, unless it is refused."""
        if (why := self.refuses(event, step)) is not None:
            step.effects.dead.append(DeadLetter(ref, "invalid", f"time: {why}"))
            return False
        time = event.time
        if time > self.latest:
            self.latest = time
            self.now = max(self.now, time if step.stamp is None else min(time, step.stamp))
        return event.action != HEARTBEAT

    def _taken(self, event: Event, ref: object, touched: Touched | None, step: Step) -> ItemState | None:
        """The item with the event in its history; None: it changes nothing."""
        key = event.key
        if self._reign.adopting:
            self._adopt(key, step.stamp, step.effects)
        state = self._state(key) if touched is None else touched.state
        settings = self.book.settings
        if state.history or state.moment:  # else nobody knows it
            if not is_kept(state, settings, self.latest, self.now, self.chain.ages):
                state = self._given_up(key, touched, state, step)
            if was_seen(state.history, event.entry):
                return None
        if (why := why_late(state, event, settings, self.latest)) is not None:
            step.effects.dead.append(DeadLetter(ref, "late", why))
            return None
        insert(state.history, event.entry, event.time)
        return state

    def _given_up(self, key: bytes, touched: Touched | None, state: ItemState, step: Step) -> ItemState:
        """The end of an item that is kept no longer, in the middle of a step: what it still has to say comes first."""
        if touched is not None:
            del step.touched[key]
            limit, step.limit = step.limit, None  # what is given up is over by now, whatever the gate says
            self._decide_step(key, touched, step)
            step.limit, state = limit, touched.state
        elif state.history:
            self._decide_or_park(key, state, self.now, step.stamp, step.effects, None, fire=False, limit=self.now)
        return self._shrink(key, state)

    def _fade(self, key: bytes, state: ItemState) -> None:
        """Its time is over, unless a new policy keeps it longer."""
        settings = self.book.settings
        if state.history and is_kept(state, settings, self.latest, self.now, self.chain.ages):
            self._put(key, state, self._fading(state))
        else:
            self._shrink(key, state)

    def _shrink(self, key: bytes, state: ItemState) -> ItemState:
        windows, moment = self.accounts.cohorts.kept, state.moment
        state = shrunk(state, self.book.settings, self.latest, self.now, self.chain.ages, windows)
        if state.past is None and not state.settled:
            self.items.pop(key)
        else:
            at, state.moment = fades(state, self.book.settings, windows), moment
            self._put(key, state, -LAST if at is None else -at)
        return state
