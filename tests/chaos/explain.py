"""Whether what was said of an item follows from the rules, given when its gate may have been shut (contract R12).

Inside a window around a fault a worker may have folded an event before it looked at stages that came before it; an
event that the broker took late may have been folded after stages that came after it. Nothing else may differ: all ways
in which that can have happened are tried, and one must say, word for word, what was said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, islice, product
from typing import NamedTuple

from tests.chaos.plan import MARGIN, SECOND, micros
from tests.chaos.replay import POLICY, Arrival, Came, Played, essence, play

COMMAND = "portal.command."
MAX_TRIES = 3_000
LATE = micros(1.0)
"""An event that the broker confirms later than this came late: what the engine did meanwhile it did without it."""
USUAL = micros(1.0)
"""So long a stage waits at the most without a fault. A script keeps its events away from an item's moments, but not
from those that the item has only because a gate was shut before: such a stage an event may overtake on its way."""
SOMEWHAT_LATE = micros(0.15)
"""The same for an item whose other events came late: then nothing keeps its moments away from this one."""
TRAVEL = SECOND // 2
"""Microseconds from the broker's confirmation to the worker's step, and more."""


Fits = Callable[[Played], bool]


class Window(NamedTuple):
    """When the gate may have been shut, in microseconds."""

    start: int
    end: int


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
    events: Sequence[Came], windows: Sequence[Window], stop: Window, said: Mapping[str, str], fits: Fits
) -> Explained | None:
    """A way in which it can have come to what was `said` (by id), and to what `fits`; None if there is none.

    Args:
        stop: when the workers ended, one after the other.

    Raises:
        TooManyWays: none was found among the first few thousand.
    """
    return _explain(events, windows, stop, said, fits, LATE) or (
        _explain(events, windows, stop, said, fits, SOMEWHAT_LATE) if came_late(events) else None
    )


def late_windows(events: Sequence[Came], late_from: int = LATE) -> list[Window]:
    """From an event that the broker took late to a look at what it did: what follows may be folded before that."""
    return [Window(e.time, e.came + micros(MARGIN)) for e in events if e.came > e.time + late_from]


def came_late(events: Sequence[Came]) -> bool:
    """Whether the broker took one of an item's events late."""
    return any(e.came > e.time + LATE and e.event.type != POLICY for e in events)


def _explain(
    events: Sequence[Came], windows: Sequence[Window], stop: Window, said: Mapping[str, str], fits: Fits, late_from: int
) -> Explained | None:
    windows = [*windows, *late_windows(events, late_from)]
    tries = count(1)
    for order, late in _orders(events, windows, late_from):
        for arrivals, shut in _arrivals(order, windows, said, tries):
            for played in _ends(arrivals, stop):
                if played.said() == said and fits(played):
                    return Explained(played, shut, late)
    if next(tries) > MAX_TRIES:
        raise TooManyWays
    return None


def _orders(
    events: Sequence[Came], windows: Sequence[Window], late_from: int
) -> Iterator[tuple[list[tuple[Came, int]], bool]]:
    """Orders in which the events may have come, each with how far the engine had got; the usual first."""
    ways = []
    for each in events:
        window = _holding(windows, each.time)
        rest = [other.time for other in events if each.time < other.time]
        places = [each.time]
        if window is not None:  # of a backlog, topics are read one after the other
            places += [at + 1 for at in rest if at <= window.end and _across(each, events, at)]
        if each.event.type == POLICY:
            places += _between(events, each)
        elif each.came > each.time + late_from:
            about = {each.came + TRAVEL, each.came, max(each.time + 1, each.came - TRAVEL)}
            places += sorted(about | set(_between(events, each)))
        ways.append([(each, place) for place in places])
    for way in islice(product(*ways), MAX_TRIES):
        yield sorted(way, key=lambda pair: pair[1]), any(place != each.time for each, place in way)


def _across(each: Came, events: Sequence[Came], at: int) -> bool:
    other = next(e for e in events if e.time == at)
    return _is_command(other) != _is_command(each)


def _is_command(came: Came) -> bool:
    return came.event.type.startswith(COMMAND)


def _between(events: Sequence[Came], each: Came) -> list[int]:
    """Moments of the item between an event's time and its coming, after which it may have been folded in."""
    played = play([Arrival(e.event, e.time - 1) for e in events if e.time < each.time])
    found = []
    played.advance(each.time - 1)
    while (coming := played.engine.next_moment()) is not None and coming <= each.came + TRAVEL:
        found.append(coming + 1)
        played.advance(coming)
    return found


def _arrivals(
    order: Sequence[tuple[Came, int]], windows: Sequence[Window], said: Mapping[str, str], tries: Iterator[int]
) -> Iterator[tuple[list[Arrival], bool]]:
    """All ways in which the engine may have been held up before each event; without any, first.

    A way that says what was not said is not followed further.
    """

    def go(done: list[Arrival], at: int, shut: bool) -> Iterator[tuple[list[Arrival], bool]]:
        if next(tries) > MAX_TRIES:
            return
        goes_on = all(said.get(alert.id) == essence(alert) for alert in play(done).alerts)
        if at == len(order):
            if goes_on:
                yield done, shut
            return
        came, place = order[at]
        limit = place - 1 if place <= came.time else place
        window = _holding(windows, came.time) or (Window(came.time - USUAL, came.time) if shut else None)
        if goes_on:
            yield from go([*done, Arrival(came.event, limit)], at + 1, shut)
        if done and _may_join(done[-1], came, windows):  # then the step before said something else, or nothing
            yield from go([*done, Arrival(came.event, limit, joins=True)], at + 1, shut)
        for held in () if window is None or not goes_on else _held(done, came, limit, window):
            yield from go([*done, held], at + 1, True)

    yield from go([], 0, False)


def _held(done: Sequence[Arrival], came: Came, limit: int, window: Window) -> Iterator[Arrival]:
    """The ways in which a shut gate may have held up the engine before this event.

    That is: what was not looked at before it, and how far others' events, of topics read before, had moved now.
    """
    for until in (limit, *(moment - 1 for moment in _moments(done, window.start, limit))):
        held = Arrival(came.event, until)
        if until != limit:
            yield held
        for now in _moments([*done, held], came.time, window.end):
            yield held._replace(now=now)


def _may_join(before: Arrival, came: Came, windows: Sequence[Window]) -> bool:
    """Whether two events may have been folded in one step: the engine's now was past both, by itself or by others'."""
    time = before.event.entry.time
    if POLICY in (before.event.type, came.event.type):
        return False
    if max(time, came.time) <= before.limit:
        return True
    window = _holding(windows, came.time)
    return window is not None and window.start <= time


def _moments(done: Sequence[Arrival], start: int, end: int) -> list[int]:
    """The item's moments from `start` to `end`, the last first."""
    played, found = play(done), []
    played.advance(start)
    while (coming := played.engine.next_moment()) is not None and coming <= end:
        found.append(coming)
        played.advance(coming)
    return found[::-1]


def _ends(arrivals: Sequence[Arrival], stop: Window) -> Iterator[Played]:
    """Played to the end, wherever in the stop that lay."""
    yield play(arrivals, stop.start)
    for moment in _moments(arrivals, stop.start, stop.end):
        yield play(arrivals, moment)


def _holding(windows: Sequence[Window], at: int) -> Window | None:
    return next((window for window in windows if window.start <= at <= window.end), None)
