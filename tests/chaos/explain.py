"""Whether what was said of an item follows from the rules, given when its gate may have been shut (contract R12).

Inside a window around a fault a worker may have folded an event before it looked at stages that came before it, and
what it was kept from for more than a minute it decides as of the moment at which it catches up (R11); an event that the
broker took late may have been folded after stages that came after it. Nothing else may differ: all ways in which that
can have happened are tried, and one must say, word for word, what was said.

Ways are followed position by position (`positions.py`). One that says what was not said is given up there and then, and
of ways that come to the same position with the same events ahead only the first is followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from schemas.policy import MINUTE
from tests.chaos.plan import micros
from tests.chaos.positions import Position, Positions
from tests.chaos.replay import POLICY, Arrival, Came, Caught, Played, play
from tests.chaos.ways import Order, Way
from tests.chaos.windows import (
    HOLDS,
    LATE,
    TRAVEL,
    Window,
    across,
    came_late,
    holding,
    late_windows,
    topic,
)  # fmt: skip

MAX_TRIES = 200_000
USUAL = micros(1.0)
"""So long a stage waits at the most without a fault. A script keeps its events away from an item's moments, but not
from those that the item has only because a gate was shut before: such a stage an event may overtake on its way."""
SOMEWHAT_LATE = micros(0.15)
"""The same for an item whose other events came late: then nothing keeps its moments away from this one."""
NEVER = micros(86_400)
"""First it is tried whether a shut gate explains it all: of a broker that was away, what came late came to one."""
LATELY = ((NEVER, False), (LATE, False), (SOMEWHAT_LATE, False), (LATE, True))
"""From when on events came late, and whether such may have come at one another's places too: tried in this order."""
HELD = micros(60 - 5)
"""What a gate has held back for longer is decided as of its opening (R11: a minute). A little less: the worker counts
from the moment at which it looks, not from that up to which it knows its inputs; `Positions` ask for the minute."""
END_OF_TIME = 1 << 62
OPEN, SHUT = "open", "shut"
"""Gates."""
Fits = Callable[[Played], bool]


class TooManyWays(Exception):
    """Not all of them could be tried, and none of those that were explains it."""


class Explained(NamedTuple):
    """A way in which it can have happened."""

    played: Played
    shut: bool
    """It needs a shut gate."""
    late: bool
    """It needs an event that the broker took late."""


def explain(
    events: Sequence[Came], windows: Sequence[Window], stop: Window, positions: Positions, fits: Fits
) -> Explained | None:
    """A way in which it can have come to what was said, and to what `fits`; None if there is none.

    Args:
        stop: when the workers ended, one after the other.
        positions: of the item; they know what was said.

    Raises:
        TooManyWays: none was found among the first `MAX_TRIES`.
    """
    for late_from, together in LATELY if came_late(events) else LATELY[1:2]:
        try:
            way = Search(events, windows, stop, positions, fits, late_from, together=together).run()
        except TooManyWays:
            if late_from != NEVER:
                raise
        else:
            if way is not None:
                return way
    return None


class Search:
    """One search.

    Args:
        late_from: from how long on (microseconds) the broker took an event late.
        together: what came late may have come just after another event that did.
    """

    def __init__(
        self,
        events: Sequence[Came],
        windows: Sequence[Window],
        stop: Window,
        positions: Positions,
        fits: Fits,
        late_from: int,
        *,
        together: bool = False,
    ) -> None:
        self.events, self.stop, self.positions, self.fits = events, stop, positions, fits
        self.late_from, self.together = late_from, together
        self.windows = [*windows, *late_windows(events, late_from)]
        holds = any(each.event.type in HOLDS for each in events)  # else a stage is a moment
        self._stages = positions.stages if holds else positions.moments
        self.tries = 0
        self._seen: set[tuple[object, ...]] = set()

    def run(self) -> Explained | None:
        """The first way that explains it."""
        start = self.positions.start
        for order in self._orders():
            moved = [(self.events[number], place) for number, place in order if place != self.events[number].time]
            held_up = [place in self._held_up(each) for each, place in moved]
            if (found := self._follow(Way(start, start), order, shut=any(held_up))) is not None:
                return found._replace(late=not all(held_up))
        return None

    def _orders(self) -> Iterator[Order]:
        """Orders in which the events may have come; the usual first. Each topic is read in its own order."""
        topics = [topic(each) for each in self.events]
        for way in product(*(self._places(each) for each in self.events)):
            order = tuple(sorted(enumerate(way), key=lambda pair: pair[1]))
            read = [(topics[number], number) for number, _ in order]
            if sorted(read) == sorted(read, key=lambda pair: pair[0]):
                yield order

    def _places(self, each: Came) -> list[int]:
        """How far the engine may have got when an event came."""
        places = [each.time, *self._held_up(each)]
        if each.event.type == POLICY:
            places += self._between(each)
        elif each.came > each.time + self.late_from:
            about = {each.came + TRAVEL, each.came, max(each.time + 1, each.came - TRAVEL)}
            places += sorted(about | set(self._between(each)) | self._with_others(each))
        return list(dict.fromkeys(places))

    def _held_up(self, each: Came) -> list[int]:
        """Places that an event has by a shut gate.

        One that came in the window had not been there before: all up to its start is known to have been looked at. And
        of a backlog topics are read one after the other: it may be read behind later events of another one.
        """
        window = holding(self.windows, each)
        if window is None:
            return []
        rest = [other.time for other in self.events if each.time < other.time <= window.end]
        overtaking = [at + 1 for at in rest if across(each, self.events, at)]
        return overtaking if window.start <= each.time else [window.start, *overtaking]

    def _between(self, each: Came) -> list[int]:
        """Moments of the item between an event's time and its coming, after which it may have been folded in."""
        at = self.positions.start
        for other in self.events:
            if other.time < each.time:
                at = self.positions.fold(self.positions.advance(at, other.time - 1), (other.event,))
        return [moment + 1 for moment in self.positions.moments(at, each.time - 1, each.came + TRAVEL)[::-1]]

    def _with_others(self, each: Came) -> set[int]:
        """Moments after which others that came late may have been folded in, if this one may have come by then."""
        late = (o for o in self.events if self.together and o is not each and o.came > o.time + self.late_from)
        return {at for o in late for at in self._between(o) if each.time < at <= each.came + TRAVEL}

    def _follow(self, way: Way, rest: Order, *, shut: bool) -> Explained | None:
        """Go on with a way in which all that was said should have been, and try its last step with one more event."""
        self.tries += 1
        if self.tries > MAX_TRIES:
            raise TooManyWays
        if not rest:
            return self._end(way, shut=shut) if way.after.right else None
        for following, held in self._followed_by(way, rest, shut=shut):
            if (found := self._follow(following, rest[1:], shut=shut or held)) is not None:
                return found
        return None

    def _followed_by(self, way: Way, rest: Order, *, shut: bool) -> Iterator[tuple[Way, bool]]:
        """How the next event may have come, and whether that needs a shut gate; without any, first."""
        number, place = rest[0]
        came = self.events[number]
        usual = Arrival(came.event, min(place - 1 if place <= came.time else place, self._read_up_to(rest)))
        goes_on = way.after.right and self._is_new(rest, shut, way.after)
        if goes_on:
            yield from ((following, False) for following in self._folded(way, usual))
            for caught in self._caught(way.after, usual.limit):
                yield from ((following, True) for following in self._folded(way, usual._replace(caught=caught)))
        joins = way.done and way.before.right and self._joins(way.done[-1], came)
        if joins:
            last = way.done[-1]
            if self._is_new(rest, shut, way.before, *map(id, way.step), id(last.event), last.limit):
                together = way.joined(usual._replace(joins=True), self.positions)
                yield together, joins == SHUT
                if joins == SHUT and (shut_in := holding(self.windows, came)) is not None:
                    for now in self._nows(together, max(came.time, last.now), shut_in.end):
                        yield together.moved(now, self.positions), True
        window = holding(self.windows, came) or (Window(came.time - USUAL, came.time) if shut else None)
        if goes_on and window is not None and window.start <= max(came.time, place):
            yield from ((following, True) for following in self._held(way, came, usual, window))

    def _read_up_to(self, rest: Order) -> int:
        """How far the engine may have got: over what stood unread at the broker no stage fires (R11)."""
        unread = (self.events[number] for number, _ in rest)
        return min((each.came + TRAVEL for each in unread if each.event.type != POLICY), default=END_OF_TIME)

    def _held(self, way: Way, came: Came, usual: Arrival, window: Window) -> Iterator[Way]:
        """The ways in which a shut gate may have held up the engine before this event.

        That is: what was not looked at before it, and how far others' events, of topics read before, had moved now.
        What an event brought about that came in the window was not looked at, though its moment lay before.
        """
        since = 0 if way.done and way.done[-1].limit >= window.start else window.start
        moments = self.positions.moments(way.after, since, usual.limit)
        for until in (usual.limit, *(moment - 1 for moment in moments)):
            for held in self._folded(way, usual._replace(limit=until)):
                if until != usual.limit:
                    yield held
                for now in self._nows(held, came.time, window.end):
                    yield from self._folded(way, usual._replace(limit=until, now=now))

    def _nows(self, way: Way, start: int, end: int) -> list[int]:
        """How far others may have moved now, the last first: what the last step does hangs on what that is past.

        That is a stage, or the minute for which the item's moment may be held back before it is caught up with.
        """
        found, held = set(self._stages(way.after, start, end)), way.before.coming
        if held is not None and start <= held + MINUTE < end:
            found.add(held + MINUTE + 1)
        return sorted(found, reverse=True)

    def _folded(self, way: Way, arrival: Arrival) -> Iterator[Way]:
        """One step more; none if what had to be said before should not have been."""
        before = self.positions.advance(self.positions.caught_up(way.after, arrival.caught), arrival.limit)
        if before.right and arrival.now:
            before = self.positions.move(before, arrival.now)
        if before.right:
            after = self.positions.fold(before, (arrival.event,))
            yield Way(after, before, (arrival.event,), (*way.done, arrival))

    def _caught(self, at: Position, limit: int) -> Iterator[tuple[Caught, ...]]:
        """What a worker may have caught up with once its gate was open again, and as of when; or twice."""
        for first in self._caught_once(at, limit):
            yield (first,)
            after = self.positions.catch_up(at, first)
            if after.right:
                yield from ((first, then) for then in self._caught_once(after, limit) if then.moment > first.as_of)

    def _caught_once(self, at: Position, limit: int) -> Iterator[Caught]:
        """As of when: up to that the worker knew its inputs, which may have been long before it came to look."""
        for window in self.windows:
            if window.end - window.start < HELD:
                continue
            until = min(window.end, limit)
            moments = self.positions.moments(at, window.start, until)[::-1]
            for held in moments:
                yield from (Caught(held, as_of) for as_of in (held, *(m for m in moments if m > held)))

    def _end(self, way: Way, *, shut: bool) -> Explained | None:
        """Played to the end, wherever in the stop that lay."""
        for caught in ((), *self._caught(way.after, self.stop.start)):
            last = self.positions.caught_up(way.after, caught)
            for until in (self.stop.start, *self.positions.moments(last, *self.stop)):
                at = self.positions.advance(last, until)
                if self.positions.says_all(at) and self._is_new(at):
                    played = play(way.done, until, caught)
                    if self.fits(played):
                        return Explained(played, shut or bool(caught), late=False)
        return None

    def _joins(self, before: Arrival, came: Came) -> str | None:
        """Whether two events may be of one step: now was past both, by the engine itself or, `SHUT`, by others."""
        time = before.event.entry.time
        if POLICY in (before.event.type, came.event.type):
            return None
        if max(time, came.time) <= before.limit:
            return OPEN
        window = holding(self.windows, came)
        return SHUT if window is not None and window.start <= max(time, before.limit) else None

    def _is_new(self, *what: object) -> bool:
        """Whether this was not asked before."""
        before = len(self._seen)
        self._seen.add(what)
        return len(self._seen) > before
