"""What a worker says about itself: for `/readyz`, for tests, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streams.runtime.lane import Lane
from streams.runtime.watchdog import Watchdog

CAUGHT_UP = 10.0  # seconds: the inputs were read to an end no older than this


def status(lane: Lane, now: float) -> dict[str, Any]:
    """A lane as a plain dict. `now`: monotonic seconds. `known`: UNIX seconds; `offsets`, `committed`: by topic."""
    return {
        "phase": lane.phase,
        "seconds": round(now - lane.since, 3),
        "known": lane.gate.known,
        "offsets": {tp.topic: offset for tp, offset in lane.offsets.items()},
        "committed": {tp.topic: offset for tp, offset in lane.committed.items()},
        "recovered": lane.recovered,
    }


def ready(lanes: Mapping[int, Lane], dog: Watchdog, now: float, wall: float) -> tuple[bool, str]:
    """Whether the worker is recovered, caught up and not stalled, and why not. `now`: monotonic, `wall`: UNIX seconds.

    A worker without partitions is ready: it has nothing to do, and does it.
    """
    if dog.joining is not None:
        return False, "waiting for an assignment"
    if why := dog.verdict(now):
        return False, why
    for partition, lane in sorted(lanes.items()):
        if lane.lost or lane.phase == "lost":
            return False, f"partition {partition} is lost: {lane.lost}"
        if not lane.recovered:
            return False, f"partition {partition} is being recovered"
        if wall - lane.gate.known > CAUGHT_UP:
            return False, f"partition {partition} has not caught up with its inputs"
    return True, f"{len(lanes)} partitions"
