"""A partition of very many open items: how long a rebuild takes, and a new policy.

Theory of operation. The shelves are stocked with copies of pending items (`population`), in a process of its own. A
rebuild is what a worker does before it goes on with a partition: reconcile the open alerts, read every item's next
moment, make the heap. A new policy comes as a worker's ticks bring it: the first one decrees it, each adopts a few
items, encodes what is said of them and fires what has come; the longest tick is how long an event may have to wait. The
policies alternate, so every run changes the due times of most messages; each is read anew, before its first tick.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from streams.core.book import Book
from streams.core.engine import Engine
from streams.watch import ADOPTED_AT_ONCE
from tests.bench import books
from tests.bench.apart import apart
from tests.bench.drive import SPEAKER, Tally, say
from tests.bench.measure import Aim, Figure, clean, timed
from tests.bench.population import Population, shelves

REBUILD_AIM: Final = Aim("<", 10)
"""Seconds."""
POLICY_AIM: Final = Aim("<", 20)
"""Seconds."""
TICK_AIM: Final = Aim("<=", 200)
"""Milliseconds."""


class Adopted(NamedTuple):
    """One new policy: seconds in all, seconds of the longest tick and of the first one, alerts said."""

    total: float
    longest: float
    first: float
    alerts: int


class Found(NamedTuple):
    """What was measured, run by run."""

    open_alerts: int
    rebuilds: list[float]
    policies: list[Adopted]


def figures(runs: int, items: int, population: Population) -> Iterator[Figure]:
    """Rebuild and new policy over so many items."""
    found = apart(measured, runs, items, population)
    stock = f"{items:,} items and {found.open_alerts:,} open alerts, states copied under other names"
    yield Figure(f"rebuild from {items:,} items", "s", tuple(found.rebuilds), REBUILD_AIM, stock)
    said = ", ".join(f"{each.alerts:,}" for each in found.policies)
    totals, longest, first = ([each[at] for each in found.policies] for at in range(3))
    note = f"in slices of {ADOPTED_AT_ONCE:,} items; alerts said: {said}"
    yield Figure(f"a new policy over {items:,} items", "s", tuple(totals), POLICY_AIM, note)
    yield Figure(
        "its longest tick", "ms", tuple(each * 1e3 for each in longest), TICK_AIM, "so long may an event be held up"
    )
    yield Figure(
        "its first tick",
        "ms",
        tuple(each * 1e3 for each in first),
        None,
        "the decree is in it; the years of the new calendars are built before, on a thread, as in a worker",
    )


def measured(runs: int, items: int, population: Population) -> Found:
    """Rebuilds, then new policies, on the same shelves."""
    sample = books.sample()
    kept, open_alerts = shelves(population, items)
    count = sum(1 for _ in open_alerts.items())
    engine, rebuilds = Engine(sample, SPEAKER, kept, open_alerts), []
    for _ in range(runs):
        engine = Engine(sample, SPEAKER, kept, open_alerts)
        owed, took = clean(engine.rebuild)
        if owed.alerts:
            raise RuntimeError(f"the copies do not fit together: {len(owed.alerts)} alerts are unknown to their items")
        rebuilds.append(took)
    news = [(books.edited, books.sample)[run % 2]() for run in range(runs)]
    return Found(count, rebuilds, [_adopted(engine, book) for book in news])


def _adopted(engine: Engine, book: Book) -> Adopted:
    tally, at = Tally(), engine.now
    book.warm(at)
    ticks = [clean(_tick, engine, at, tally, book)[1]]
    while engine.adopting:
        ticks.append(timed(_tick, engine, at, tally)[1])
    return Adopted(sum(ticks), max(ticks), ticks[0], tally.alerts)


def _tick(engine: Engine, at: int, tally: Tally, book: Book | None = None) -> None:
    """As `streams.watch` does it; `book` comes into force in this tick."""
    if book is not None:
        engine.decree(book, at)
    if engine.adopting:
        say(engine.adopt(ADOPTED_AT_ONCE), tally)
    say(engine.advance(at), tally)
