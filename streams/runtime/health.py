"""What a worker says about itself: for `/readyz`, for tests, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streams.runtime.lane import Lane
from streams.runtime.watchdog import Watchdog

CAUGHT_UP = 10.0  # seconds: the inputs were read to an end no older than this
WARNED = 0.5  # of the watchdog's limits: it is told before the process is ended


def status(lane: Lane, now: float) -> dict[str, Any]:
    """A lane as a plain dict. `now`: monotonic seconds.

    `known`: UNIX seconds. By topic: `offsets`, the next to be worked off; `committed`; `lag`, how many lie between
    `offsets` and the last end that a fetch response gave. `recovery`: changelog offsets read, and how many there are.
    `progress`: seconds since the last.
    """
    return {
        "phase": lane.phase,
        "seconds": round(now - lane.since, 3),
        "known": lane.gate.known,
        "offsets": {tp.topic: offset for tp, offset in lane.offsets.items()},
        "committed": {tp.topic: offset for tp, offset in lane.committed.items()},
        "lag": {tp.topic: max(0, end - lane.offsets[tp]) for tp, end in lane.ends.items()},
        "recovered": lane.recovered,
        "recovery": {"read": lane.recovery[0], "end": lane.recovery[1]},
        "progress": round(now - lane.progress_at, 3),
    }


def ready(lanes: Mapping[int, Lane], dog: Watchdog, now: float, wall: float) -> tuple[bool, str]:
    """Whether the worker is recovered, caught up and not stalled, and why not. `now`: monotonic, `wall`: UNIX seconds.

    A worker without partitions is ready: it has nothing to do, and does it.
    """
    why_not = next(reasons(lanes, dog, now, wall), None)
    return why_not is None, why_not or f"{len(lanes)} partitions"


def reasons(lanes: Mapping[int, Lane], dog: Watchdog, now: float, wall: float) -> Iterator[str]:
    """All that speaks against being ready, the gravest first."""
    if dog.doomed:
        yield f"stopping: {dog.doomed}"
    if dog.joining is not None:
        yield "waiting for an assignment"
    if why := dog.verdict(now, WARNED):
        yield why
    for partition, lane in sorted(lanes.items()):
        if lane.lost or lane.phase == "lost":
            yield f"partition {partition} is lost: {lane.lost}"
        if not lane.recovered:
            yield f"partition {partition} is being recovered"
        if wall - lane.gate.known > CAUGHT_UP:
            yield f"partition {partition} has not caught up with its inputs"
