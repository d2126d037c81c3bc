"""When gates may have been shut, and which of an item's events came late or lay in such a window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tests.chaos.plan import MARGIN, SECOND, micros
from tests.chaos.replay import POLICY, Came

COMMAND = "portal.command."
HOLDS = (f"{COMMAND}acknowledged", f"{COMMAND}snoozed")
LATE = micros(1.0)
"""An event that the broker confirms later than this came late: what the engine did meanwhile it did without it."""
TRAVEL = SECOND // 2
"""Microseconds from the broker's confirmation to the worker's step, and more."""


class Window(NamedTuple):
    """When the gate may have been shut, in microseconds."""

    start: int
    end: int


def late_windows(events: Sequence[Came], late_from: int = LATE) -> list[Window]:
    """From an event that the broker took late to a look at what it did: what follows may be folded before that."""
    return [Window(e.time, e.came + micros(MARGIN)) for e in events if e.came > e.time + late_from]


def came_late(events: Sequence[Came]) -> bool:
    """Whether the broker took one of an item's events late."""
    return any(e.came > e.time + LATE and e.event.type != POLICY for e in events)


def across(each: Came, events: Sequence[Came], at: int) -> bool:
    """Whether one of two events is a command and the other, of the time `at`, is none: they stand in two topics."""
    other = next(e for e in events if e.time == at)
    return (topic(other) == COMMAND) != (topic(each) == COMMAND)


def topic(came: Came) -> str:
    """What stands for the topic of an event."""
    return COMMAND if came.event.type.startswith(COMMAND) else came.event.workflow


def holding(windows: Sequence[Window], came: Came) -> Window | None:
    """The window in which an event was, or else came to the broker, when the gate may have been shut.

    An event that came late out of a fault is in two: on its way for longer than the gate was shut.
    """
    there = [window for window in windows if window.start <= came.time <= window.end]
    if there:
        return Window(min(window.start for window in there), max(window.end for window in there))
    return next((window for window in windows if window.start <= came.came and came.time <= window.end), None)
