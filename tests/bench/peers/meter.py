"""What processes cost: CPU seconds and resident memory, read from /proc ten times a second.

Theory of operation. A meter follows processes and their descendants. Each sample is the wall's time, the CPU seconds
used so far (of a child that ended, those that its parent has taken over) and the resident bytes. What a stretch of time
has cost is the difference of the samples nearest to its ends.
"""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

EVERY: Final = 0.1
"""Seconds."""
TICKS: Final = os.sysconf("SC_CLK_TCK")
PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Sample(NamedTuple):
    """`at`: UNIX seconds."""

    at: float
    cpu_seconds: float
    resident_bytes: int


class Meter:
    """Measures from `with` on, until the block ends."""

    def __init__(self, *pids: int) -> None:
        self.samples: list[Sample] = []
        self._pids, self._end = pids, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def cpu_seconds(self, begin: float, end: float) -> float:
        """CPU seconds between two moments (UNIX seconds)."""
        return self._near(end).cpu_seconds - self._near(begin).cpu_seconds

    def peak_bytes(self) -> int:
        """The greatest resident size that was seen."""
        return max(sample.resident_bytes for sample in self.samples)

    def _near(self, at: float) -> Sample:
        place = bisect_left(self.samples, at, key=lambda sample: sample.at)
        beside = self.samples[max(place - 1, 0) : place + 1]
        return min(beside, key=lambda sample: abs(sample.at - at))

    def _run(self) -> None:
        while True:
            if (found := sample(*self._pids)) is not None:
                self.samples.append(found)
            if self._end.wait(EVERY):
                return


def sample(*pids: int) -> Sample | None:
    """Processes and their descendants now, together; None when they are gone."""
    cpu, pages, seen = 0, 0, False
    for each in (each for pid in pids for each in family(pid)):
        with suppress(OSError):
            stat = Path(f"/proc/{each}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            cpu += sum(int(ticks) for ticks in stat[11:15])
            pages += int(stat[21])
            seen = True
    return Sample(time.time(), cpu / TICKS, pages * PAGE) if seen else None


def family(pid: int) -> Iterator[int]:
    """A process and its descendants."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in task.read_text(encoding="utf-8").split():
                yield from family(int(child))
