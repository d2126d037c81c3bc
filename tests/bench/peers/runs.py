"""One run of one job: start it, wait until it has found what is true, end it, and say what that cost.

Theory of operation. A run is a folder, a consumer group and an alerts topic of its own. The peer's lines say when it
began and when its counts were full; then the alerts topic is read until it stands as it should, or time is up. What
differs from the truth raises `Wrong`: such a run has no figures.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.peers.bed import PARTITIONS, Bed
from tests.bench.peers.entrants import Made, Peer
from tests.bench.peers.logs import NEAR, WITHIN, Truth
from tests.bench.peers.meter import Meter
from tests.bench.peers.told import Counts, Listener, Standing, standing
from tests.child import guard_of

LOOK_EVERY: Final = 0.05
SLOWEST: Final = 1_000
"""Events a second; a job that is slower is taken to stand still."""
GRACE: Final = 90.0
"""Seconds for what does not grow with the log: the start, the last alerts, the last commit, the end."""


class Wrong(RuntimeError):
    """A job did not find what is true, or did not get there; the message says what it found instead."""


@dataclass(frozen=True)
class Run:
    """What one run found and cost. Times in seconds, sizes in bytes."""

    events: int
    seconds: float
    cpu_seconds: float
    broker_cpu_seconds: float
    peak_bytes: int
    met: int
    missed: int
    alerts: int
    """That stand at the end."""
    said: int
    """Times that an alert fired."""
    waited: float
    """Seconds from the start of the process; `seconds` are from the first event in hand."""

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


def run_peer(bed: Bed, peer: Peer, made: Made, topic: str, truth: Truth, name: str) -> Run:
    """Let a peer do the job once. `name`: the run's, unique on this broker."""
    folder = bed.folder / name
    folder.mkdir()
    made.before(folder)
    alerts, log = f"{name}.alerts", bed.folder / f"{name}.log"
    with bed.cleared():
        bed.make(alerts)
        environment = {**os.environ, **peer.settings, **_settings(bed, topic, alerts, name, folder)}
        with (
            _process(made, environment, folder, log) as process,
            Meter(process.pid) as job,
            Meter(bed.broker.pid) as own,
        ):
            listener = Listener(log)
            patience = GRACE + truth.events / SLOWEST
            _until(lambda: listener.full(truth.closes), patience, process, log)
            counts = listener.counts
            assert counts is not None
            found = settled(bed, alerts, truth)
            if peer.commits:
                with bed.commits(name, topic) as commits:
                    _until(commits.complete, GRACE, process, log)
        return compared(truth, counts, found, job, own)


def settled(bed: Bed, topic: str, truth: Truth) -> Standing:
    """The alerts that stand, once they are those that should, or GRACE is over."""
    end = time.monotonic() + GRACE
    while True:
        found = standing(bed.alerts(topic))
        if found.items == truth.standing or time.monotonic() > end:
            return found
        time.sleep(0.25)


def compared(truth: Truth, counts: Counts, found: Standing, job: Meter, broker: Meter) -> Run:
    """The run, if what it found is true. Wrong says what differs."""
    differ = []
    for what, is_, should in (("met", counts.met, truth.met), ("missed", counts.missed, truth.missed)):
        if is_ != should:
            differ.append(f"{what} {is_:,} instead of {should:,}")
    if found.items != truth.standing:
        lacking, too_many = truth.standing - found.items, found.items - truth.standing
        differ.append(f"of {len(truth.standing):,} alerts {len(lacking):,} lack, and {len(too_many):,} are too many")
    if differ:
        raise Wrong(f"counts differ: {'; '.join(differ)}")
    end = max(counts.at, found.last)
    return Run(
        events=truth.events,
        seconds=end - counts.first,
        cpu_seconds=job.cpu_seconds(counts.first, end),
        broker_cpu_seconds=broker.cpu_seconds(counts.first, end),
        peak_bytes=job.peak_bytes(),
        met=counts.met,
        missed=counts.missed,
        alerts=len(found.items),
        said=found.said,
        waited=end - job.samples[0].at,
    )


def _settings(bed: Bed, topic: str, alerts: str, name: str, folder: Path) -> dict[str, str]:
    """As `programs/job.py` reads them."""
    return {
        "PEER_BOOTSTRAP": bed.broker.bootstrap,
        "PEER_TOPIC": topic,
        "PEER_ALERTS": alerts,
        "PEER_GROUP": name,
        "PEER_FOLDER": str(folder),
        "PEER_PARTITIONS": str(PARTITIONS),
        "PEER_WITHIN": str(WITHIN / 1e6),
        "PEER_NEAR": str(NEAR / 1e6),
    }


@contextmanager
def _process(made: Made, environment: dict[str, str], folder: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The job, as long as the block lasts; it may end in its own way first."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            made.command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
    guard = guard_of(process.pid)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        guard.kill()
        guard.communicate()


def _until(reached: Callable[[], bool], seconds: float, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + seconds
    while not reached():
        if process.poll() is not None:
            raise Wrong(f"ended with {process.returncode}: {tail(log)}")
        if time.monotonic() > end:
            raise Wrong(f"did not get there in {seconds:.0f} s: {tail(log)}")
        time.sleep(LOOK_EVERY)


def tail(log: Path) -> str:
    """The end of a log, in one line."""
    return " ".join(log.read_text(errors="replace").split())[-300:]
