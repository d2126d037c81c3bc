"""Portalwatch's turn: real worker processes, all rules on, on a policy; and what its core alone says is true.

Theory of operation. A worker is `portalwatch worker` in a process of its own, as `tests.e2e.cluster` starts it; its
prefix has the log as its messages' topic. Its counts are those of its metrics page, its alerts those of
`PREFIX.alerts`. The run begins when its log says that the first partition was recovered, and ends with the commit of
the last offset or the last alert, whichever is later. Several workers are started together and are in the group
before it assigns anything (`bed.JOINING`); then each has as many partitions as the others, or the run does not count.
For jobs that no peer does, `core` says what is true: the same
engine without broker, runtime and worker, fed with the same log and asked once, at the end, what is due.
"""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from schemas.events import Event, Refusal, decode
from streams.core.book import Book
from streams.core.engine import Engine
from streams.core.policy_check import load
from streams.core.shares import MET, MISSED
from streams.core.shelf import DictShelf
from streams.core.steps import steps
from tests.bench.drive import FETCH, SPEAKER
from tests.bench.peers.bed import PARTITIONS, Bed
from tests.bench.peers.logs import Record, Truth
from tests.bench.peers.meter import Meter
from tests.bench.peers.runs import GRACE, LOOK_EVERY, SLOWEST, Run, Wrong, compared, settled
from tests.bench.peers.told import Counts
from tests.e2e.cluster import Worker, cluster

RECOVERED = re.compile(r"^(\S+) .*: partition \d+: \d+ records recovered in", re.MULTILINE)
NAME: Final = "Portalwatch"
COMPILED: Final = "Portalwatch, core compiled"
TWO: Final = "Portalwatch, two workers"
TWO_COMPILED: Final = "Portalwatch, two workers, core compiled"
MESSAGES: Final = ("messages",)


class Crew(NamedTuple):
    """Who reads: so many workers, of the program in this folder (None: this one)."""

    workers: int = 1
    code: Path | None = None


ALONE: Final = Crew()


def run_worker(
    bed: Bed, policy: str, prefix: str, truth: Truth, name: str, clock: str = "real", crew: Crew = ALONE,
    inputs: Sequence[str] = MESSAGES,
) -> Run:  # fmt: skip
    """Let workers read the log of a prefix once.

    Args:
        name: the run's, unique on this broker.
        inputs: the topics that have something in them, without the prefix.
    """
    folder = bed.folder / name
    folder.mkdir()
    topics = [f"{prefix}.{each}" for each in inputs]
    with bed.cleared(), cluster(bed.broker, prefix, folder, policy, app_id=name, clock=clock) as under_test:
        if crew.code is not None:
            under_test.settings |= {"PYTHONPATH": str(crew.code), "PYTHONSAFEPATH": "1"}
        workers = [under_test.worker() for _ in range(crew.workers)]
        pids = [worker.process.pid for worker in workers if worker.process is not None]
        with Meter(*pids) as job, Meter(bed.broker.pid) as own:
            at = _committed(bed, workers, name, topics, truth.events)
            found = settled(bed, f"{prefix}.alerts", truth)
            counts = Counts(at, _began(workers), *cycles(workers))
        _check_shares(workers)
        return compared(truth, counts, found, job, own)


def _committed(bed: Bed, workers: Sequence[Worker], group: str, topics: Sequence[str], events: int) -> float:
    """When all of the topics was committed (UNIX seconds)."""
    end = time.monotonic() + GRACE + events / SLOWEST
    with bed.commits(group, *topics) as commits:
        while not commits.complete():
            for worker in workers:
                assert worker.process is not None
                if worker.process.poll() is not None or time.monotonic() > end:
                    raise Wrong(f"the worker did not get there: {worker.tail()[-300:]}")
            time.sleep(LOOK_EVERY)
    return time.time()


def _began(workers: Iterable[Worker]) -> float:
    """When the first partition was recovered (UNIX seconds)."""
    told = [at for worker in workers for at in RECOVERED.findall(worker.log.read_text())]
    if not told:
        raise Wrong("no worker says when it recovered")
    return min(datetime.fromisoformat(at).timestamp() for at in told)


def _check_shares(workers: Sequence[Worker]) -> None:
    """Wrong unless each of several recovered its share of the partitions, and no other one."""
    shares = [len(RECOVERED.findall(worker.log.read_text())) for worker in workers]
    if len(workers) > 1 and shares != [PARTITIONS // len(workers)] * len(workers):
        raise Wrong(f"the partitions were not shared evenly from the start: the workers recovered {shares}")


def cycles(workers: Iterable[Worker]) -> tuple[int, int]:
    """Cycles that were met, and missed, by the workers' metrics pages."""
    sums = {"met": 0, "missed": 0}
    for worker in workers:
        address = f"http://127.0.0.1:{worker.environment['PORTALWATCH_METRICS_PORT']}/metrics"
        with urllib.request.urlopen(address, timeout=30) as answer:
            page = answer.read().decode()
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                if sample.name == "portalwatch_cycles_total" and sample.labels["outcome"] in sums:
                    sums[sample.labels["outcome"]] += int(sample.value)
    return sums["met"], sums["missed"]


def core(policy: str, records: Iterable[Record], now: int) -> Truth:
    """What the engine says is true of a log of messages, at `now`."""
    return judged(policy, (_event(record) for record in records), now)


def judged(policy: str, events: Iterable[Event], now: int) -> Truth:
    """What the engine says is true of these events, at `now`."""
    book = Book(load(policy, "benchmark"), policy.encode())
    engine, truth = Engine(book, SPEAKER, DictShelf(), DictShelf(), windows=None), Truth()
    engine.rebuild()
    rest = iter(events)
    while fetch := [(event, None) for event in islice(rest, FETCH)]:
        truth.events += len(fetch)
        for step in steps(fetch, engine.now):
            engine.step(step)
    engine.advance(now, late=now)
    cohorts = [cohort for _, cohort in engine.accounts.cohorts]
    truth.met, truth.missed = (sum(cohort.count(outcome) for cohort in cohorts) for outcome in (MET, MISSED))
    truth.standing = frozenset(key.decode().split(":")[1] for key, _ in engine.open.items())
    return truth


def _event(record: Record) -> Event:
    event = decode(record.value, (), "message")
    if isinstance(event, Refusal):
        raise TypeError(f"the log has an event that is refused: {event}")
    return event
