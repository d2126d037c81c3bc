"""When a partition's gate may have been shut: a fault's window, narrowed by what fired in time on that partition.

An alert that came in time proves that the gate was open at its stage: all that the partition had to say up to then had
been said. So a window begins where alerts cease to come in time, and ends where they come in time again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from schemas import alerts
from tests.chaos.explain import Window
from tests.chaos.found import Found
from tests.chaos.plan import SECOND, micros

PROMPT = 1.0
"""Seconds from a stage to its alert, below the margin that events keep."""
PROVES = micros(0.4)
"""So far around its stage does such an alert prove the gate open."""
OPENS = micros(PROMPT)
"""So long after the first stage that is said in time again may the gate have opened."""


Gates = dict[int, list[Window]]
"""Windows by partition."""


def shut(found: Found, wanted: Mapping[str, int], windows: Sequence[Window], partitions: Iterable[int]) -> Gates:
    """The windows of each partition. `wanted`: the moment of each alert in the offline run, by id."""
    prompt = prompt_stages(found, wanted)
    return {p: [w for each in windows if (w := narrowed(each, prompt[p])) is not None] for p in partitions}


def prompt_stages(found: Found, wanted: Mapping[str, int]) -> dict[int, list[int]]:
    """By partition, the moments of the stages whose alerts came in time, sorted."""
    moments: dict[int, list[int]] = defaultdict(list)
    for alert_id, (first, *_) in found.said.items():
        at = wanted.get(alert_id)
        if at is not None and first.alert.type == alerts.FIRED and first.appended - at / SECOND <= PROMPT:
            moments[first.partition].append(at)
    return defaultdict(list, {p: sorted(of) for p, of in moments.items()})


def narrowed(window: Window, prompt: Sequence[int]) -> Window | None:
    """What of the window is not proven open at its begin and at its end."""
    inside = [at for at in prompt if window.start - PROVES <= at <= window.end + PROVES]
    start = _proven(window.start, inside)
    end = min(window.end, OPENS - _proven(-window.end, [-at for at in reversed(inside)]))
    return Window(start, end) if start < end - OPENS else None


def _proven(edge: int, moments: Sequence[int]) -> int:
    """How far moments that lie close together prove the gate open, from the edge on; less what one of them proves."""
    reached = edge
    for at in moments:
        if at - PROVES > reached:
            break
        reached = max(reached, at + PROVES)
    return max(edge, reached - 2 * PROVES)
