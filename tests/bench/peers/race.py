"""The race itself: rounds in which everybody runs once, and the figures that follow from them.

Theory of operation. For each size, every log is made once; then rounds: Portalwatch and the peers on the toy job, then
Portalwatch on the other two. A ratio is that of two rates of one round. Whoever cannot be had, and whoever finds
something else than is true, has a row without figures that says why; the others go on.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from tests import brokers
from tests.bench.measure import Aim, Figure, Plan
from tests.bench.peers import jobs as all_jobs
from tests.bench.peers.bed import Bed, kafka
from tests.bench.peers.entrants import KAFKA_STREAMS, PEERS, Made, Peer
from tests.bench.peers.environments import Missing, compiled_core
from tests.bench.peers.jobs import Job
from tests.bench.peers.logs import Truth
from tests.bench.peers.runs import Run, Wrong, run_peer
from tests.bench.peers.worker import COMPILED, NAME, TWO, TWO_COMPILED, Crew, run_worker

SIZES: Final = (200_000, 1_000_000)
QUICK: Final = (2_000,)
TOY_AIM: Final = Aim(">=", 1.5)
"""Portalwatch to Kafka Streams, on the toy job: to the faster of its rows."""
AHEAD: Final = Aim(">=", 1.0)
"""Portalwatch to the fastest other peer; and with calendars and ladder to Kafka Streams on the toy job."""
CREWS: Final = {NAME: (1, False), COMPILED: (1, True), TWO: (2, False), TWO_COMPILED: (2, True)}
"""Portalwatch's rows: workers, and whether their core is compiled. Two of them: as Kafka Streams has its threads."""
WHO: Final = (*CREWS, *(peer.name for peer in PEERS))
RUNS: Final = ("cpu_seconds", "broker_cpu_seconds", "peak_bytes", "met", "missed", "alerts", "said")


@dataclass
class Row:
    """One who runs: its runs so far, and why there are no more."""

    job: str
    name: str
    events: int
    go: Callable[[str], Run]
    versions: tuple[str, ...] = ()
    runs: list[Run] = field(default_factory=list)
    why_not: str = ""

    @property
    def rates(self) -> list[float]:
        """Events a second, round by round; none if anything was wrong."""
        return [] if self.why_not else [run.rate for run in self.runs]


class Course(NamedTuple):
    """A job's log on the broker, and what is true of it."""

    job: Job
    truth: Truth


def run(plan: Plan) -> Iterator[Figure]:
    """Every job, at every size."""
    sizes = (plan.events,) if plan.events else QUICK if plan.quick else SIZES
    with kafka() as broker, tempfile.TemporaryDirectory() as folder:
        made = list(_made(plan.only))
        for size in sizes:
            home = Path(folder) / str(size)
            home.mkdir()
            rows = _rows(Bed(broker, home), size, made, plan.only)
            for number in range(plan.runs):
                for row in rows:
                    take_turn(row, f"r{number + 1}")
            yield from figures(rows)


def _made(only: Sequence[str]) -> Iterator[tuple[Peer, Made | Missing]]:
    """The peers' environments, or why there is none."""
    for peer in PEERS:
        if not takes_part(peer.name, only):
            continue
        try:
            yield peer, peer.make()
        except Missing as missing:
            yield peer, missing


def _rows(bed: Bed, events: int, made: Sequence[tuple[Peer, Made | Missing]], only: Sequence[str]) -> list[Row]:
    courses = [course(bed, job, events) for job in all_jobs.jobs(time.time_ns() // 1_000)]
    rows = [portalwatch(bed, courses[0], name) for name in CREWS if takes_part(name, only)]
    rows += [_peer(bed, courses[0], *each) for each in made]
    ours = [name for name in CREWS if takes_part(name, only)]
    return rows + [portalwatch(bed, each, name) for each in courses[1:] for name in ours]


def takes_part(name: str, only: Sequence[str]) -> bool:
    """Whether somebody is among those that were asked for."""
    return not only or name in only


def course(bed: Bed, job: Job, events: int) -> Course:
    """A job's log, so long, written to the broker."""
    topic = f"{job.name}{events}.messages"
    bed.fill(topic, job.records(events))
    return Course(job, job.truth(events))


def portalwatch(bed: Bed, course: Course, name: str) -> Row:
    """The row of one of CREWS."""
    job, truth = course
    crew, why_not = crew_of(name)
    prefix, short = f"{job.name}{truth.events}", f"{'portalwatch' if crew.code is None else 'compiled'}-{crew.workers}"

    def go(number: str) -> Run:
        return run_worker(bed, job.policy, prefix, truth, f"{prefix}-{number}-{short}", job.clock, crew)

    return Row(job.name, name, truth.events, go, (f"broker: Apache Kafka {brokers.KAFKA}",), why_not=why_not)


def crew_of(name: str) -> tuple[Crew, str]:
    """Who that is, of CREWS, and why they cannot be had (empty: they can)."""
    workers, compiled = CREWS[name]
    try:
        return Crew(workers, compiled_core() if compiled else None), ""
    except Missing as missing:  # its core is not machine code
        return Crew(workers), str(missing)


def _peer(bed: Bed, course: Course, peer: Peer, made: Made | Missing) -> Row:
    job, truth = course
    prefix = f"{job.name}{truth.events}"

    def go(name: str) -> Run:
        assert isinstance(made, Made)
        short = "".join(each if each.isalnum() else "-" for each in peer.name.lower())
        return run_peer(bed, peer, made, f"{prefix}.messages", truth, f"{prefix}-{name}-{short}")

    row = Row(job.name, peer.name, truth.events, go)
    if isinstance(made, Missing):
        row.why_not = str(made)
    elif truth.events > peer.most:
        row.why_not = f"would take too long; see its row of {peer.most:,} events"
    else:
        row.versions = made.versions
    return row


def take_turn(row: Row, name: str) -> None:
    """One run more of a row, if nothing was wrong so far."""
    if row.why_not:
        return
    try:
        row.runs.append(row.go(name))
    except Wrong as wrong:
        row.why_not = str(wrong)
    told = row.why_not or f"{row.runs[-1].rate:,.0f} events/s"
    print(f"{name} {row.job} {row.events:,} {row.name}: {told}", file=sys.stderr, flush=True)


def figures(rows: Sequence[Row]) -> Iterator[Figure]:
    """A figure for each row, and those that have an aim."""
    by_name = {(row.job, row.name): row for row in rows}
    streams = [row for row in rows if row.job == "toy" and row.name in KAFKA_STREAMS]
    reference = _fastest(streams)
    for row in rows:
        yield _figure(row, reference)
    others = [row for row in rows if row.job == "toy" and row not in streams and row.name not in CREWS]
    for name in CREWS:
        mine, ladder = by_name.get(("toy", name)), by_name.get(("ladder", name))
        yield from _held(mine, reference, TOY_AIM)
        yield from _held(mine, _fastest(others), AHEAD)
        yield from _held(ladder, reference, AHEAD)


def _fastest(rows: Sequence[Row]) -> Row | None:
    """By the median; None if none of them has figures."""
    return max((row for row in rows if row.rates), key=lambda row: median(row.rates), default=None)


def _figure(row: Row, reference: Row | None) -> Figure:
    more: dict[str, Any] = {"job": row.job, "who": row.name, "events": row.events, "versions": row.versions}
    if row.rates:
        more |= {name: median(getattr(run, name) for run in row.runs) for name in RUNS}
        more["rounds"] = [asdict(run) for run in row.runs]
    if (found := ratios(row, reference)) is not None:
        more["ratio"] = median(found)
    return Figure(f"{row.job} {row.events:,}: {row.name}", "events/s", tuple(row.rates), None, row.why_not, more)


def _held(row: Row | None, other: Row | None, aim: Aim) -> Iterator[Figure]:
    """What a row is to another, round by round, against the aim."""
    found = ratios(row, other)
    if row is not None and other is not None and found is not None:
        yield Figure(f"{row.job} {row.events:,}: {row.name} to {other.name}", "times", tuple(found), aim)


def ratios(row: Row | None, other: Row | None) -> list[float] | None:
    """What a row's rate is to another's, round by round; None if one of them has none."""
    if row is None or other is None or not row.rates or not other.rates:
        return None
    return [mine / its for mine, its in zip(row.rates, other.rates, strict=True)]
