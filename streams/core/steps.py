"""A log cut into steps (contract section 9): an event that moves now, and those after it that do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.events import Event
from streams.core.effects import Effects
from streams.core.effects import Step as Making
from streams.core.engine import Engine

Step = list[tuple[Event, object]]
"""Events with the handles that the caller gave them."""


def steps(events: Iterable[tuple[Event, object]], now: int) -> Iterator[Step]:
    """Cut events in arrival order into steps; `now` is the greatest moment so far, in microseconds."""
    step: Step = []
    for each in events:
        time = each[0].time
        if time > now:
            if step:
                yield step
            step, now = [], time
        step.append(each)
    if step:
        yield step


def take(engine: Engine, rest: Iterator[Step], most: int, limit: int | None, stamp: int | None) -> Effects | None:
    """Fold in at most so many of the steps that are left; `engine.keep_times` is still to be called.

    Args:
        limit, stamp: as in `effects.Step`.

    Returns:
        What was said; None if no step was left.
    """
    made, count = Making(limit, stamp), 0
    for step in rest:
        engine.take(step, made)
        count += 1
        if count == most:
            break
    return made.effects if count else None
