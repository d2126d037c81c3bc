"""A thread that ends the process, with a reason, when it no longer makes progress.

It is a thread because the loop may be what hangs, and it calls os._exit because a process that commits nothing wrong
may always be killed: the next one repeats the work. Exit status 70 (EX_SOFTWARE).

What counts as progress of a lane: records of a changelog read while it recovers; of each input, an offset that moves or
a later moment up to which it is known to have been read. The input that stands still for longest counts: one that flows
hides no other. Ticks do not count, or a dead broker would look alive. Beside that it looks at how long a lane is in one
phase, how long what was worked off waits for its commit, at the loop, and at the joining of the group. A worker without
partitions is well. When the whole process was stopped (SIGSTOP, a sleeping laptop) all clocks start anew.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from typing import Protocol

from streams.runtime.settings import Settings

EXIT_STATUS = 70
LOOK_EVERY = 1.0
STOPPED_AFTER = 5.0  # seconds between two looks that say that the process itself had been stopped
WORKING = frozenset({"recovery", "agent", "fence", "lead", "effects", "changelog", "lost", "fetch", "claim"})


class Watched(Protocol):
    """What the watchdog looks at in a lane; the times are of the monotonic clock."""

    partition: int
    phase: str
    since: float
    uncommitted_at: float | None

    @property
    def progress_at(self) -> float:
        """When the input that has stood still for longest last moved."""

    def anew(self, now: float) -> None:
        """All its clocks begin at `now`."""

    def where(self) -> str:
        """Its offsets, for the reason."""


class Watchdog(threading.Thread):
    """Set `beat` from the loop, and `joining` while waiting for an assignment (None: we have one)."""

    def __init__(self, lanes: Mapping[int, Watched], settings: Settings) -> None:
        super().__init__(daemon=True, name="watchdog")
        self.lanes, self.settings = lanes, settings
        self.beat = time.monotonic()
        self.joining: float | None = self.beat
        self.quit = threading.Event()
        self._doom: tuple[str, float] | None = None

    def begin(self) -> None:
        """Start to watch; what was before does not count."""
        self.beat = self.joining = time.monotonic()
        self.start()

    @property
    def doomed(self) -> str | None:
        """Why the worker is being stopped, if it is."""
        return self._doom[0] if self._doom else None

    def doom(self, reason: str, grace: float) -> None:
        """The worker is being stopped for `reason`: see that it ends within `grace` seconds."""
        self._doom = self._doom or (reason, time.monotonic() + grace)

    def verdict(self, now: float, part: float = 1.0) -> str | None:
        """Why the process must end, None if it is well. `now` is of the monotonic clock.

        With a `part` below 1 it tells what would be the reason if the limits were so much shorter.
        """
        if self._doom is not None:
            reason, end = self._doom
            return f"did not stop in time after: {reason}" if now > end else None
        if now - self.beat > self.settings.loop_limit * part:
            return f"the event loop stood still for {now - self.beat:.0f} s"
        if self.joining is not None and now - self.joining > self.settings.group_limit * part:
            return f"no assignment for {now - self.joining:.0f} s"
        reasons = (self._of_lane(lane, now, part) for lane in tuple(self.lanes.values()))
        return next((reason for reason in reasons if reason), None)

    def _of_lane(self, lane: Watched, now: float, part: float) -> str | None:
        limit = self.settings.stall_timeout * part
        if lane.phase in WORKING and now - lane.since > limit:
            return f"partition {lane.partition} stuck in {lane.phase} for {now - lane.since:.0f} s; {lane.where()}"
        if now - lane.progress_at > limit:
            return f"partition {lane.partition} made no progress for {now - lane.progress_at:.0f} s; {lane.where()}"
        if lane.uncommitted_at is not None and now - lane.uncommitted_at > limit:
            spent = now - lane.uncommitted_at
            return f"partition {lane.partition} could not commit for {spent:.0f} s; {lane.where()}"
        return None

    def run(self) -> None:
        """Look once a second until told to quit."""
        last = time.monotonic()
        while not self.quit.wait(LOOK_EVERY):
            now = time.monotonic()
            if now - last > STOPPED_AFTER:
                self._start_anew(now)
            last = now
            if reason := self.verdict(now):
                os.write(2, f"WATCHDOG: {reason}\n".encode())  # not sys.stderr: whoever hangs may hold its lock
                os._exit(EXIT_STATUS)

    def _start_anew(self, now: float) -> None:
        self.beat = now
        self.joining = None if self.joining is None else now
        for lane in tuple(self.lanes.values()):
            lane.anew(now)
