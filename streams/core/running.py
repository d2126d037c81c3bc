"""Running time: elapsed or open time with the pauses left out (contract T5, T6)."""

from __future__ import annotations

from collections.abc import Sequence

from streams.core.calendars import Calendar
from streams.core.fold import Pause


def reach(calendar: Calendar | None, start: int, pauses: Sequence[Pause], amount: int) -> int | None:
    """The first instant at which `amount` microseconds have run since `start`.

    Args:
        calendar: counts its open time; None counts elapsed time.

    Returns:
        None if a pause that lasts comes before.
    """
    if amount <= 0:
        return start
    at = start
    for begin, end in pauses:
        if end is not None and end <= at:
            continue
        before = _measure(calendar, at, begin)
        if before >= amount:
            break
        if end is None:
            return None
        amount -= before
        at = end
    return at + amount if calendar is None else calendar.add(at, amount)


def run(calendar: Calendar | None, start: int, end: int, pauses: Sequence[Pause]) -> int:
    """How many microseconds have run in [start, end)."""
    total = _measure(calendar, start, end)
    for begin, stop in pauses:
        total -= _measure(calendar, max(begin, start), end if stop is None else min(stop, end))
    return total


def _measure(calendar: Calendar | None, start: int, end: int) -> int:
    if end <= start:
        return 0
    return end - start if calendar is None else calendar.between(start, end)
