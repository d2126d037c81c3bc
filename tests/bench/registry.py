"""The benchmarks by name; a new one is a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from tests.bench import board, core, recovery
from tests.bench.measure import Figure, Plan


class Benchmark(NamedTuple):
    """What it is about, in one line, and what gives its figures."""

    about: str
    run: Callable[[Plan], Iterator[Figure]]


BENCHMARKS: Final[Mapping[str, Benchmark]] = {
    "board": Benchmark("the board in Chromium, with 1,000 rows and 60 updates a second", board.run),
    "core": Benchmark("the core alone: one process, no broker", core.run),
    "recovery": Benchmark("a worker takes over many open items; a real Kafka", recovery.run),
}
