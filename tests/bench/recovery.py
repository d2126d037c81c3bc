"""A worker that takes over many open items: from the assignment to the last partition's first step.

Theory of operation. The state topics of a prefix are filled with copies of pending items and their open alerts
(`population`), as a worker would have written them, over four partitions of a real Kafka. Then a worker starts, again
and again; its log says when it was given the partitions and when each was recovered: fenced, read to the end, checked,
open alerts reconciled, heap made. Its clock is set to where the population stands, so nothing else falls due.
"""

from __future__ import annotations

import re
import signal
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from confluent_kafka import Producer

from schemas import instants
from streams.core import state as states
from streams.core.agenda import OWN
from streams.core.shelf import DictShelf
from streams.demo import policy
from tests import brokers
from tests.bench import books
from tests.bench.measure import Aim, Figure, Plan
from tests.bench.population import Population, settle, shelves
from tests.e2e.cluster import Cluster, Worker, cluster

PARTITIONS: Final = 4
SIZES: Final = {100_000: Aim("<", 2), 1_000_000: Aim("<", 15)}
"""Records in the state topics, and the seconds that they should take."""
QUICK: Final = {400: Aim("<", 2)}
GIVEN = re.compile(r"^(\S+) .*: partitions: \[0, 1, 2, 3]$", re.MULTILINE)
RECOVERED = re.compile(r"^(\S+) .*: partition \d+: (\d+) records recovered in", re.MULTILINE)


def run(plan: Plan) -> Iterator[Figure]:
    """Seconds from assignment to recovered, for each size."""
    population = settle(books.sample(), 20_000 if not plan.quick else 600, 20 if not plan.quick else 2)
    with brokers.running("kafka") as broker, tempfile.TemporaryDirectory() as folder:
        for size, aim in (QUICK if plan.quick else SIZES).items():
            home = Path(folder) / str(size)
            home.mkdir()
            now, _ = states.decode_times(population.times)
            clock = f"{instants.text(now)}@1"
            with cluster(broker, f"b{size}", home, policy.text().decode(), clock=clock) as bed:
                yield _measured(bed, population, size, aim, plan.runs)


def _measured(bed: Cluster, population: Population, size: int, aim: Aim, runs: int) -> Figure:
    first = bed.worker()
    first.wait_ready()
    first.signal(signal.SIGTERM)
    written = fill(bed, population, size)
    values, seen = [], 0
    for _ in range(runs):
        worker = bed.worker()
        worker.wait_ready()
        worker.signal(signal.SIGKILL)
        seconds, seen = told(worker)
        values.append(seconds)
    if seen < written:
        raise RuntimeError(f"{written} records were written, and only {seen} were recovered")
    return Figure(f"recovery of {size:,} records", "s", tuple(values), aim, f"{seen:,} read; Kafka, {PARTITIONS} lanes")


def fill(bed: Cluster, population: Population, size: int) -> int:
    """Write so many records, or a few more, to the state topics; how many."""
    share = 1 + sum(len(each.alerts) for each in population.templates) / len(population.templates)
    return stock(bed, population, -int(-size / share // PARTITIONS))


def stock(bed: Cluster, population: Population, each: int) -> int:
    """Write so many items to each partition, with their open alerts; how many records that are."""
    written = 0
    producer = Producer({"bootstrap.servers": bed.broker.bootstrap, "linger.ms": 50, "acks": "all"})
    items, open_alerts = shelves(population, each)
    for partition in range(PARTITIONS):  # the same items in each: a partition knows of no other
        for topic, shelf in ((f"{bed.prefix}-items-changelog", items), (f"{bed.prefix}.alerts.open", open_alerts)):
            written += _send(producer, topic, partition, shelf)
    if producer.flush(120):
        raise RuntimeError("the broker did not take the records")
    return written


def _send(producer: Producer, topic: str, partition: int, shelf: DictShelf) -> int:
    count = 0
    for key, value in shelf.items():
        if key == OWN:
            continue
        while True:
            try:
                producer.produce(topic, value, key, partition=partition)
                break
            except BufferError:
                producer.poll(0.1)
        count += 1
    return count


def told(worker: Worker) -> tuple[float, int]:
    """What a worker's log says: seconds from the assignment to the last partition's end of recovery, and records."""
    text = worker.log.read_text()
    given = GIVEN.search(text)
    ends = RECOVERED.findall(text)
    if given is None or len(ends) < PARTITIONS:
        raise RuntimeError(f"the worker does not say when it recovered:\n{worker.tail()}")
    last = max(datetime.fromisoformat(at) for at, _ in ends)
    return (last - datetime.fromisoformat(given[1])).total_seconds(), sum(int(count) for _, count in ends)
