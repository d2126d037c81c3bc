"""When a partition's gate may have been shut: a fault's window, narrowed by what fired in time on that partition.

An alert that came in time proves that the gate was open at its stage: all that the partition had to say up to then had
been said. So what is left of a window begins where alerts cease to come in time, and ends where they do again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from schemas import alerts
from tests.chaos.found import Said
from tests.chaos.plan import MARGIN, SECOND, micros
from tests.chaos.windows import Window

PROMPT = 1.0
"""Seconds from a stage to its alert, below the margin that events keep."""
PROVES = micros(0.2)
"""So far around its stage does such an alert prove the gate open."""
assert micros(PROMPT) + 2 * PROVES < micros(MARGIN)
"""A gate that is shut for as long as an event keeps away from a stage is not bridged: not by the alert of the last
stage before it and that of the first which was in time although it had to wait for the gate."""
OPENS = micros(PROMPT)
"""So long after the first stage that is said in time again may the gate have opened."""


Gates = dict[int, list[Window]]
"""Windows by partition."""


def shut(prompt: Mapping[int, Iterable[int]], windows: Sequence[Window], partitions: Iterable[int]) -> Gates:
    """The windows of each partition. `prompt`: by partition, the moments of the stages whose alerts came in time."""
    whole = merged(windows)
    return {p: narrowed(whole, sorted(prompt.get(p, ()))) for p in partitions}


def narrowed(windows: Iterable[Window], prompt: Sequence[int]) -> list[Window]:
    """What of the windows no alert proves open; `prompt` is sorted."""
    return [shut for each in windows for shut in unproven(each, prompt)]


def in_time(said: Mapping[str, Said], wanted: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    """Partition and moment of the stages whose alerts came in time.

    Args:
        said: alerts as they were said first, by id.
        wanted: the moment of each alert in the offline run, by id.
    """
    for alert_id, at in wanted.items():
        first = said.get(alert_id)
        if first is not None and first.appended - at / SECOND <= PROMPT and first.type == alerts.FIRED:
            yield first.partition, at


def unproven(window: Window, prompt: Sequence[int]) -> list[Window]:
    """What of a window no alert proves open; a little wider, since the gate opens between a stage and its alert."""
    found: list[Window] = []
    reached = window.start
    for at in (*prompt, window.end + PROVES):
        if at + PROVES <= reached:
            continue
        if reached < min(at - PROVES, window.end):
            shut = Window(max(window.start, reached - 2 * PROVES), min(window.end, at + PROVES + OPENS))
            found[-1:] = joined(found[-1:], shut)
        reached = max(reached, at + PROVES)
        if reached >= window.end:
            break
    return found


def joined(before: Sequence[Window], window: Window) -> list[Window]:
    """A window after those before it; one with the last of them if they overlap."""
    if before and window.start <= before[-1].end:
        return [*before[:-1], Window(before[-1].start, max(before[-1].end, window.end))]
    return [*before, window]


def merged(windows: Iterable[Window]) -> list[Window]:
    """Windows that overlap, as one."""
    found: list[Window] = []
    for window in sorted(windows):
        found = joined(found, window)
    return found
