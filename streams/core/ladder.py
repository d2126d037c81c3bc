"""When the stages of a ladder come, and when somebody may be called (contract T6, T7, R9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.policy import HOUR, Attempts, Clock, Point, Stage
from streams.core.calendars import Calendar
from streams.core.deadlines import ELAPSED, OPEN, Verdict, ahead
from streams.core.fold import Cycle, Pause
from streams.core.running import reach, run

DUE: Final = Point.DUE
PERCENT: Final = Point.PERCENT
BEFORE: Final = Point.BEFORE
SHORT_GAP = 2 * HOUR
"""A closed gap shorter than this is no reason to wait."""


class Ladder:
    """The instants of a clock's stages after T7, each worked out when it is first asked for; the due must be known.

    They never fall, so who looks for the first that is still to come need not ask for those behind it.
    """

    __slots__ = ("_clock", "_pauses", "_start", "_times", "_verdict")

    def __init__(self, clock: Clock, verdict: Verdict, start: int, pauses: Sequence[Pause] = ()) -> None:
        self._clock, self._verdict, self._start, self._pauses = clock, verdict, start, pauses
        self._times: list[int] = []

    def at(self, position: int) -> int:
        """The instant of the stage that is listed there."""
        times = self._times
        while len(times) <= position:
            stage, least = self._clock.stages[len(times)], times[-1] if times else self._start
            times.append(max(least, _useful(stage, self._verdict, self._start, self._pauses)))
        return times[position]


def stage_times(clock: Clock, verdict: Verdict, cycle: Cycle) -> list[int]:
    """The instants of all stages, in their order; the due must be known."""
    ladder = Ladder(clock, verdict, cycle.start, cycle.pauses)
    return [ladder.at(position) for position in range(len(clock.stages))]


def _useful(stage: Stage, verdict: Verdict, start: int, pauses: Sequence[Pause]) -> int:
    at = max(_raw(stage, verdict, start, pauses), start)
    if stage.always:
        return at
    calendar = _calendar(verdict)
    gap = _gap(calendar, at)
    if gap is None:
        return at
    closing, opening = gap
    if stage.early:
        back = calendar.sub(closing, HOUR)
        return opening if back < start else back
    return opening


def _raw(stage: Stage, verdict: Verdict, start: int, pauses: Sequence[Pause]) -> int:
    due, calendar = verdict.due, _calendar(verdict)
    assert due is not None
    if stage.point is DUE:
        return due
    if stage.point is PERCENT:
        counted = None if verdict.elapsed else calendar
        total = run(counted, start, due, pauses)
        at = reach(counted, start, pauses, -(-total * stage.percent // 10_000))
        return due if at is None else at
    offset = stage.offset
    assert offset is not None
    if stage.point is BEFORE:
        return ahead(calendar, due, offset)
    if offset.unit is ELAPSED:
        return due + offset.amount
    if offset.unit is OPEN:
        return calendar.add(due, offset.amount)
    return calendar.later_from_due(due, offset.amount)


def _calendar(verdict: Verdict) -> Calendar:
    assert verdict.calendar is not None
    return verdict.calendar


def _gap(calendar: Calendar, at: int) -> tuple[int, int] | None:
    """(closing, opening) of the gap around `at` in which nobody is called, if it lies in one."""
    if calendar.is_open(at):
        return None
    closing, opening = calendar.closing(at), calendar.opening(at)
    return None if opening - closing < SHORT_GAP else (closing, opening)


def allowed(calendar: Calendar, at: int, *, always: bool) -> int:
    """The first instant from `at` on at which a stage with such hours may fire."""
    if always:
        return at
    gap = _gap(calendar, at)
    return at if gap is None else gap[1]


def attempts_time(attempts: Attempts, calendar: Calendar, cycle: Cycle) -> int | None:
    """When the stage `attempts` comes (R9): None if never, as things stand."""
    at = _completed(attempts, cycle)
    while at is not None:
        start = _unpaused(at, cycle)
        if start is None:
            return None
        at = allowed(calendar, start, always=attempts.always)
        if at == start:
            return at
    return None


def _completed(attempts: Attempts, cycle: Cycle) -> int | None:
    times, n = cycle.attempts, attempts.count
    for i in range(n - 1, len(times)):
        if times[i] - times[i - n + 1] <= attempts.within:
            return times[i]
    return None


def _unpaused(at: int, cycle: Cycle) -> int | None:
    """The first instant from `at` on that is in no pause; None if a pause that lasts holds it."""
    for begin, end in cycle.pauses:
        if begin <= at and end is None:
            return None
        if end is not None and begin <= at < end:
            at = end
    return at
