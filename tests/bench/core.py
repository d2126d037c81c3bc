"""Speed of the core alone: throughput, calendar arithmetic, memory; many items rebuilt, under a new policy, idle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from tests.bench import additions, books, idle, memory, million, throughput
from tests.bench.measure import Figure, Plan
from tests.bench.population import settle


class Sizes(NamedTuple):
    """How much is measured."""

    events: int
    clinics: int
    """Whose events they are."""
    additions: int
    seed_events: int
    """After so many of them, what is pending serves as templates of open items."""
    memory_items: int
    items: int
    """Of the rebuild, the new policy and the idle ticks."""


FULL: Final = Sizes(
    events=200_000, clinics=20, additions=200_000, seed_events=20_000, memory_items=50_000, items=1_000_000
)
QUICK: Final = Sizes(events=600, clinics=2, additions=300, seed_events=600, memory_items=300, items=2_500)


def run(plan: Plan) -> Iterator[Figure]:
    """Each figure when it has been measured."""
    sizes = QUICK if plan.quick else FULL
    yield from throughput.figures(plan.runs, sizes.events, sizes.clinics)
    yield from additions.figures(plan.runs, sizes.additions)
    population = settle(books.sample(), sizes.seed_events, sizes.clinics)
    yield from memory.figures(plan.runs, sizes.memory_items, population)
    yield from million.figures(plan.runs, sizes.items, population)
    yield from idle.figures(plan.runs, sizes.items, population)
