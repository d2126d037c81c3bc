"""The benchmarks by name; a new one is a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from tests.bench import board, catchup, core, lateness, readers, recovery, report, workers
from tests.bench.measure import Figure, Plan
from tests.bench.peers import race, table


class Benchmark(NamedTuple):
    """What it is about, in one line, what gives its figures, and what makes a table of them."""

    about: str
    run: Callable[[Plan], Iterator[Figure]]
    table: Callable[[Sequence[Figure]], str] = report.table


BENCHMARKS: Final[Mapping[str, Benchmark]] = {
    "board": Benchmark("the board in Chromium, with 1,000 rows and 60 updates a second", board.run),
    "catchup": Benchmark("a worker reads what came in an outage of a day, 1,728,000 events; a real Kafka", catchup.run),
    "core": Benchmark("the core alone: one process, no broker", core.run),
    "lateness": Benchmark("how late alerts are, with many open items and many events; a real Kafka", lateness.run),
    "peers": Benchmark(
        "three jobs, and other stream processors on the first of them; a real Kafka", race.run, table.table
    ),
    "readers": Benchmark(
        "the board's pages, stream and API under 50 readers, with 1,000 rows; a real Kafka", readers.run
    ),
    "recovery": Benchmark("a worker takes over many open items; a real Kafka", recovery.run),
    "workers": Benchmark("two workers against one, on the toy job; a real Kafka", workers.run),
}
