"""The workers, and who starts them again: what a supervisor and an orchestrator do in production."""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.e2e.cluster import Cluster, Worker

FRESH = 1.5
"""Seconds: a partition works if its inputs are known up to so long ago."""
SETTLE_SECONDS = 120.0
RESTART_AFTER = 0.5


class Unsettled(AssertionError):
    """The workers do not come back to work."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A worker that ended without being asked to."""

    at: float
    worker: int
    status: int


class Crew:
    """Workers by number. A worker that is `wanted` is started again when it ends."""

    def __init__(self, cluster: Cluster, partitions: int) -> None:
        self.cluster, self.partitions = cluster, partitions
        self.wanted: set[int] = set()
        self.guest: int | None = None
        """The worker that joins and leaves (fault `move`)."""
        self.ended: list[Ended] = []
        self.memory: list[tuple[float, int, int]] = []
        """(UNIX seconds, worker, KiB of resident memory)"""
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True, name="supervisor")

    def __enter__(self) -> Self:
        self._supervisor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._supervisor.join()
        with self._lock:
            self.wanted.clear()
        for worker in self.cluster.workers:
            if worker.process is not None and worker.process.poll() is None:
                worker.process.send_signal(signal.SIGCONT)
        self.cluster.close()

    def hire(self) -> int:
        """A new worker; its number."""
        with self._lock:
            self.cluster.worker()
            number = len(self.cluster.workers) - 1
            self.wanted.add(number)
            return number

    def start(self, number: int) -> None:
        """Start a worker that was killed or stopped."""
        with self._lock:
            self.worker(number).start()
            self.wanted.add(number)

    def kill(self, number: int) -> None:
        """SIGKILL, and not started again until `start`."""
        with self._lock:
            self.wanted.discard(number)
            process = self.worker(number).process
        assert process is not None
        process.kill()
        process.wait()

    def stop(self, number: int) -> None:
        """SIGTERM, and wait; another end than that of a worker that was told to stop is noted."""
        with self._lock:
            self.wanted.discard(number)
        status = self.worker(number).signal(signal.SIGTERM)
        if status:
            self.ended.append(Ended(time.time(), number, status))

    def dismiss(self) -> None:
        """SIGTERM to all at once, and wait."""
        with self._lock:
            numbers, self.wanted = sorted(self.wanted), set()
        for number in numbers:
            os.kill(self.pid(number), signal.SIGTERM)
        for number in numbers:
            process = self.worker(number).process
            assert process is not None
            if status := process.wait(40):
                self.ended.append(Ended(time.time(), number, status))

    def pid(self, number: int) -> int:
        """Of a worker's process."""
        process = self.worker(number).process
        assert process is not None
        return process.pid

    def worker(self, number: int) -> Worker:
        """The worker of this number."""
        return self.cluster.workers[number]

    def holds(self, number: int) -> dict[int, dict[str, Any]]:
        """The partitions that a worker says it works on; empty while it says nothing."""
        try:
            status, body = self.worker(number).get("/readyz")
        except (http.client.HTTPException, ValueError):  # it ended in the middle of its answer
            return {}
        lanes = {} if not status or body is None else body["partitions"]
        return {int(p): lane for p, lane in lanes.items() if lane["recovered"] and lane["phase"] != "lost"}

    def settled(self) -> bool:
        """Whether each partition is held by exactly one worker and works, and no worker is without."""
        with self._lock:
            numbers = sorted(self.wanted)
        held = Counter[int]()
        for number in numbers:
            lanes = self.holds(number)
            now = time.time()
            if not lanes or any(now - lane["known"] > FRESH for lane in lanes.values()):
                return False
            held.update(lanes.keys())
        return len(held) == self.partitions and set(held.values()) == {1}

    def settled_by(self, end: float) -> bool:
        """Wait until settled, twice in a row, or until `end` (of the monotonic clock)."""
        good = 0
        while good < 2:
            good = good + 1 if self.settled() else 0
            if time.monotonic() > end:
                return False
            time.sleep(0.2)
        return True

    def settle(self) -> float:
        """Wait until settled, twice in a row; the moment (UNIX seconds).

        Raises:
            Unsettled: it does not come, with the ends of the logs.
        """
        if not self.settled_by(time.monotonic() + SETTLE_SECONDS):
            logs = "\n".join(f"worker {n}:\n{self.worker(n).tail()}" for n in sorted(self.wanted))
            raise Unsettled(f"not every partition is worked on after {SETTLE_SECONDS:.0f} s\n{logs}")
        return time.time()

    def _supervise(self) -> None:
        looked = 0.0
        while not self._over.wait(0.2):
            with self._lock:
                gone = [n for n in self.wanted if (p := self.worker(n).process) is not None and p.poll() is not None]
            for number in gone:
                self._restart(number)
            if time.time() - looked > 5:
                looked = time.time()
                self._weigh(looked)

    def _restart(self, number: int) -> None:
        time.sleep(RESTART_AFTER)
        with self._lock:
            process = self.worker(number).process
            if number not in self.wanted or process is None or process.returncode is None:
                return
            self.ended.append(Ended(time.time(), number, process.returncode))
            self.worker(number).start()

    def _weigh(self, now: float) -> None:
        with self._lock:
            pids = {n: self.pid(n) for n in self.wanted}
        self.memory += [(now, n, kib) for n, pid in pids.items() if (kib := resident(pid))]


def resident(pid: int) -> int:
    """KiB of resident memory; 0 for a process that has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024
