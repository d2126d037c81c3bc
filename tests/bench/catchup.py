"""Catching up after an outage of a day at 20 events a second.

Theory of operation. The log (`outage`) lies on the four input topics of a real Kafka, four partitions each. A worker is
started on it, with the clinic's policy and nothing behind it: no state, no committed offsets. Its clock runs as
fast as the real one, from the end of the log. It has caught up when the last offset of every topic is committed and the
alerts on `PREFIX.alerts` stand for exactly the items for which the core alone, fed with the same log and asked once at
its end, says that they should; cycles met and missed are compared too, and what differs has no figures. `caught up` is
counted from the start of the process, what somebody waits who starts it, with the three seconds in which Kafka waits
for more workers; `events/s` from the first partition's recovery, as the race of the peers counts.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from schemas import instants
from schemas.events import Event, Refusal, decode
from tests.bench import outage
from tests.bench.measure import Figure, Plan
from tests.bench.outage import Arrival
from tests.bench.peers.bed import PARTITIONS, Bed, kafka
from tests.bench.peers.logs import Record, Truth
from tests.bench.peers.race import crew_of, takes_part
from tests.bench.peers.runs import Run, Wrong
from tests.bench.peers.worker import COMPILED, NAME, judged, run_worker
from tests.e2e.cluster import INPUTS

EVENTS: Final = 20 * 24 * 3_600
QUICK: Final = 6_000
PREFIX: Final = "outage"
TOPICS: Final = {workflow: topic for workflow, topic in INPUTS.items() if workflow != "command"}


def run(plan: Plan) -> Iterator[Figure]:
    """Seconds and events/s of a worker, and of one whose core is compiled."""
    with kafka() as broker, tempfile.TemporaryDirectory() as folder:
        bed = Bed(broker, Path(folder))
        truth = fill(bed, plan.events or (QUICK if plan.quick else EVENTS))
        for name in (NAME, COMPILED):
            if takes_part(name, plan.only):
                yield from _measured(bed, truth, name, plan.runs)


def fill(bed: Bed, events: int) -> Truth:
    """Write the log; what is true of it."""
    workflows = {f"{PREFIX}.{topic}": workflow for workflow, topic in TOPICS.items()}
    for topic in workflows:
        bed.make(topic)
    written = bed.written(_placed(outage.log(events)))
    truth = judged(outage.policy(), read((workflows[topic], record) for topic, record in written), outage.END)
    truth.events = events
    return truth


def read(records: Iterable[tuple[str, Record]]) -> Iterator[Event]:
    """Records of workflows as an engine is given them: without those that are malformed."""
    for workflow, record in records:
        event = decode(record.value, (), workflow)
        if not isinstance(event, Refusal):
            yield event


def _placed(arrivals: Iterable[Arrival]) -> Iterator[tuple[str, Record]]:
    for arrival in arrivals:
        yield f"{PREFIX}.{TOPICS[arrival.workflow]}", arrival.record


def _measured(bed: Bed, truth: Truth, name: str, times: int) -> Iterator[Figure]:
    crew, why_not = crew_of(name)
    runs: list[Run] = []
    try:
        while not why_not and len(runs) < times:
            number = f"r{len(runs) + 1}-{'portalwatch' if crew.code is None else 'compiled'}"
            clock = f"{instants.text(outage.END)}@1"
            runs.append(run_worker(bed, outage.policy(), PREFIX, truth, number, clock, crew, tuple(TOPICS.values())))
            print(f"{number}: {runs[-1].rate:,.0f} events/s", file=sys.stderr, flush=True)
    except Wrong as wrong:
        why_not, runs = str(wrong), []
    yield from figures(name, truth, runs, why_not)


def figures(name: str, truth: Truth, runs: Sequence[Run], why_not: str) -> Iterator[Figure]:
    """What the runs of one of them come to; `why_not`: why there are none."""
    note = why_not or (
        f"{truth.events:,} events, {len(TOPICS)} topics of {PARTITIONS} partitions; {truth.met:,} met, "
        f"{truth.missed:,} missed, {len(truth.standing):,} items with an alert at the end"
    )
    yield Figure(f"{name}: caught up", "s", tuple(run.waited for run in runs), None, note)
    yield Figure(f"{name}: catching up", "events/s", tuple(run.rate for run in runs), None, note)
    yield Figure(f"{name}: peak memory", "MB", tuple(run.peak_bytes / 1e6 for run in runs), None, note)
