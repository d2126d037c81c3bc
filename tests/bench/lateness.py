"""How late alerts are, with very many items open and many events a second, and what it costs a worker to have them.

Theory of operation. The clinics' load up to an hour of the night gives templates of pending items (`population`); the
state topics are filled with copies, and a worker with a real Kafka takes them over. Its clock is set to that night, at
the pace of the wall: the clinics are closed, so no stage of these items can come before the morning. Then events are
sent at an even pace by a process of its own (`live`), some of which let stages fall due within seconds. An alert's
lateness is the time from its stage's instant to a consumer having it in hand (`heard`), both by one clock, the
machine's. All of them are alerts of the timer: no event fires a stage. Those whose instant came while events were sent
count for lateness; for missing and false ones all count, and the resolutions too. A worker that is more than a second
late may find an item answered before it came to call: that stage counts as a second late, which is the least it was.

Before that, two workers lie idle, one without an item and one with all: what they use of a core, and their memory
(PSS), differ by what the items cost, whatever it is for.
"""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from schemas import instants
from streams.clock import Clock, Pace
from tests import brokers
from tests.bench import books
from tests.bench.apart import apart
from tests.bench.heard import Compared, Ear, compared, percentile
from tests.bench.live import DUE, MARGIN, Load, due, send
from tests.bench.measure import Aim, Figure, Plan
from tests.bench.peers.meter import Meter, family
from tests.bench.population import settle
from tests.bench.recovery import PARTITIONS, stock, told
from tests.brokers import Broker
from tests.e2e.cluster import Cluster, Worker, cluster

AIM: Final = Aim("<", 250)
"""Milliseconds, of the 99th percentile."""
NONE: Final = Aim("<=", 0)
NIGHT: Final = instants.parse("2026-11-05T08:00:00Z")
"""A Thursday, 02:00 in the sample policy's Chicago; the next calendar opens at 07:00."""
PATIENCE: Final = 30.0
"""Seconds that an alert has after the last stage; then it is missing."""
QUIET: Final = 1.0
"""Seconds after the last alert that was to come, for false ones."""


class Sizes(NamedTuple):
    """How much is measured."""

    clinics: int
    items: int
    rate: int
    """Events a second."""
    seconds: int
    """For so long, in each run."""
    rest: float
    """Seconds before a worker is taken to be idle."""
    idle: float
    """Seconds for which an idle one is watched."""


FULL: Final = Sizes(clinics=20, items=1_000_000, rate=1_000, seconds=50, rest=5, idle=10)
QUICK: Final = Sizes(clinics=1, items=400, rate=100, seconds=6, rest=0.5, idle=1)


class Idle(NamedTuple):
    """What a worker takes that does nothing: percent of a core, and bytes of memory (PSS)."""

    percent: float
    memory: int


class Stretch(NamedTuple):
    """One run. `lateness`, `decided`: milliseconds of the alerts that count; `percent`: of a core, by the worker."""

    lateness: list[float]
    decided: list[float]
    said: Compared
    percent: float


def run(plan: Plan) -> Iterator[Figure]:
    """Lateness, in as many runs as are asked for; then what the items cost."""
    with brokers.running("kafka") as broker, tempfile.TemporaryDirectory() as folder:
        yield from figures(broker, Path(folder), plan, QUICK if plan.quick else FULL)


def figures(broker: Broker, folder: Path, plan: Plan, sizes: Sizes, prefix: str = "late") -> Iterator[Figure]:
    """All of them, on this broker. RuntimeError if the machine could not keep the pace, or events were refused."""
    population = settle(books.timed(), None, sizes.clinics, NIGHT)
    pace = Pace(NIGHT, 1.0, float(int(time.time())))
    policy = books.timed().text.decode()
    with cluster(broker, prefix, folder, policy, clock=str(pace)) as bed:
        first = _started(bed)
        alone = _watched(first, sizes)
        first.signal(signal.SIGTERM)
        each = -(-sizes.items // PARTITIONS)
        written = stock(bed, population, each)
        with Ear(broker.bootstrap, f"{prefix}.alerts", PARTITIONS) as ear:
            worker = _started(bed)
            if (read := told(worker)[1]) < written:
                raise RuntimeError(f"{written} records were written, and only {read} were recovered")
            full = _watched(worker, sizes)
            runs = [
                _stretch(bed, worker, ear, pace, Load(f"run{n}", sizes.seconds, sizes.rate)) for n in range(plan.runs)
            ]
        if refused := bed.read("deadletters"):
            raise RuntimeError(f"{len(refused)} events became dead letters: {refused[0].headers()}")
    yield from _lateness(runs, sizes, PARTITIONS * each)
    yield from _costs(alone, full, PARTITIONS * each, written)


def _started(bed: Cluster) -> Worker:
    worker = bed.worker()
    worker.wait_ready()
    return worker


def _watched(worker: Worker, sizes: Sizes) -> Idle:
    assert worker.process is not None
    time.sleep(sizes.rest)
    with Meter(worker.process.pid) as meter:
        begin = time.time()
        time.sleep(sizes.idle)
        end = time.time()
    return Idle(100 * meter.cpu_seconds(begin, end) / (end - begin), _pss(worker.process.pid))


def _pss(pid: int) -> int:
    """Bytes of a process and its descendants, what they share with others in proportion."""
    rolled = (Path(f"/proc/{each}/smaps_rollup").read_text(encoding="utf-8") for each in family(pid))
    lines = (line.split() for text in rolled for line in text.splitlines())
    return sum(int(line[1]) * 1024 for line in lines if line[0] == "Pss:")


def _stretch(bed: Cluster, worker: Worker, ear: Ear, pace: Pace, load: Load) -> Stretch:
    assert worker.process is not None
    before, clock = len(ear.heard) if load.name != "run0" else 0, Clock(pace)
    with Meter(worker.process.pid) as meter:
        sent = apart(send, bed.broker.bootstrap, bed.prefix, pace, load)
    if sent.delay > MARGIN:
        raise RuntimeError(f"the machine is too busy: an event reached the broker {sent.delay:.1f} s after its time")
    begin, end = clock.wall(sent.start), clock.wall(sent.start + load.at(load.events))
    wanted = due(load, sent.start)
    ear.wait(before + len(wanted.fired) + len(wanted.resolved), end + DUE / 1e6 + PATIENCE)
    time.sleep(QUIET)
    said = compared(wanted, ear.heard[before:], clock.wall)
    count = [name for name in said.lateness if clock.wall(wanted.fired[name]) < end]
    lateness, decided = ([1e3 * of[name] for name in count] for of in (said.lateness, said.decided))
    lateness += [1e3 * late for name, late in said.overtaken.items() if clock.wall(wanted.fired[name]) < end]
    return Stretch(lateness, decided, said, 100 * meter.cpu_seconds(begin, end) / (end - begin))


def _lateness(runs: Sequence[Stretch], sizes: Sizes, items: int) -> Iterator[Figure]:
    again = ", ".join(str(each.said.again) for each in runs)
    note = (
        f"from the stage's instant to the alert in a read_committed consumer's hand; {items:,} items open, "
        f"{sizes.rate:,} events/s for {sizes.seconds} s, a clock of {PARTITIONS} lanes; stages of the timer alone"
    )
    shares: dict[str, Callable[[list[float]], float]] = {
        "p50": lambda values: percentile(values, 0.50),
        "p99": lambda values: percentile(values, 0.99),
        "max": lambda values: percentile(values, 1.0),
    }
    for name, of in shares.items():
        values = tuple(of(each.lateness) for each in runs)
        yield Figure(f"alert lateness {name}", "ms", values, AIM if name == "p99" else None, note)
    decided = tuple(percentile(each.decided, 0.99) for each in runs)
    yield Figure("until the worker decides it, p99", "ms", decided, None, "a part of it: waiting for what is known")
    counts: dict[str, tuple[Callable[[Stretch], int], Aim | None, str]] = {
        "alerts whose lateness counts": (lambda each: len(each.lateness), None, "their stage came while events did"),
        "stages overtaken": (
            lambda each: len(each.said.overtaken),
            None,
            f"by the answer or the next stage, since the worker was late: in the lateness with {MARGIN:g} s, the least",
        ),
        "alerts missing": (lambda each: len(each.said.missing), NONE, "of all, and of the resolutions"),
        "alerts false": (lambda each: len(each.said.false), NONE, f"said twice under one id, besides: {again}"),
    }
    for name, (count, aim, about) in counts.items():
        yield Figure(name, "alerts", tuple(float(count(each)) for each in runs), aim, about)
    yield Figure("the worker meanwhile", "% of a core", tuple(each.percent for each in runs), None, "CPU")


def _costs(alone: Idle, full: Idle, items: int, records: int) -> Iterator[Figure]:
    note = f"{PARTITIONS} lanes, no event, a tick of each at least four times a second"
    yield Figure("an idle worker without items", "% of a core", (alone.percent,), None, note)
    yield Figure(f"an idle worker with {items:,} items", "% of a core", (full.percent,), None, note)
    yield Figure(
        "an open item in a worker",
        "bytes",
        ((full.memory - alone.memory) / items,),
        None,
        f"PSS of a worker that took over {records:,} records, less that of one without any, by item: open alerts, "
        "counts, what the board shows, and what the allocator keeps after a recovery are in it",
    )
