"""A log cut into steps (contract section 9): an event that moves now, and those after it that do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.events import Event

Step = list[tuple[Event, object]]
"""Events with the handles that the caller gave them."""


def steps(events: Iterable[tuple[Event, object]], now: int) -> Iterator[Step]:
    """Cut events in arrival order into steps; `now` is the greatest moment so far, in microseconds."""
    step: Step = []
    for each in events:
        time = each[0].entry.time
        if time > now:
            if step:
                yield step
            step, now = [], time
        step.append(each)
    if step:
        yield step
