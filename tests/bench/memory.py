"""What an open item costs in memory, on the shelf and in the heap of moments.

Theory of operation. Measured in a process of its own, whose heap nothing else has torn. The engine takes in the events
of many pending items; what it holds afterwards, less what was held before, is divided by their number. Before that it
takes in a few, so that calendars and caches are no part of the count. Python's own count (`tracemalloc`) is exact; the
resident set, measured in another process since counting takes memory itself, has the gaps of the allocator in it too.
"""

from __future__ import annotations

import gc
import os
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from streams.core.book import Book
from streams.core.engine import Engine
from streams.core.firing import Firing
from streams.core.shelf import DictShelf
from tests.bench import books
from tests.bench.apart import apart
from tests.bench.drive import SPEAKER, drive, fresh
from tests.bench.measure import Aim, Figure
from tests.bench.population import Population, events

AIM: Final = Aim("<", 700)
"""Bytes."""
STATM: Final = Path("/proc/self/statm")


class Held(NamedTuple):
    """Bytes held for each open item: as the engine left it, its open alerts, and after a rebuild (without those)."""

    items: int
    driven: float
    alerts: float
    rebuilt: float


def figures(runs: int, items: int, population: Population) -> Iterator[Figure]:
    """Counted by Python, then as the system sees it (where it says so)."""
    found = [apart(counted, items, population) for _ in range(runs)]
    note = f"{found[0].items:,} items that the engine has made of their events, items' shelf and heap"
    yield Figure("an open item", "bytes", tuple(each.driven for each in found), AIM, note)
    yield Figure("an open item after a rebuild", "bytes", tuple(each.rebuilt for each in found), AIM, "the same items")
    yield Figure("open alerts an open item", "bytes", tuple(each.alerts for each in found), None, "the alerts' shelf")
    if STATM.exists():
        values = tuple(apart(resident, items, population) for _ in range(runs))
        yield Figure("an open item, resident", "bytes", values, None, "with open alerts and the allocator's gaps")


def counted(items: int, population: Population) -> Held:
    """What Python counts."""
    book = books.sample()
    _warm(book, population)
    copies = _copies(items, population)
    count = len(population.templates) * copies
    tracemalloc.start()
    engine = fresh(book)
    before = _traced()
    drive(engine, events(population, copies))
    everything = _traced()
    engine.open = engine.accounts.firing = Firing(DictShelf())
    without_alerts = _traced()
    engine = _again(book, engine)
    rebuilt = _traced()
    return Held(
        count, (without_alerts - before) / count, (everything - without_alerts) / count, (rebuilt - before) / count
    )


def resident(items: int, population: Population) -> float:
    """Bytes for each item by which the resident set grows."""
    book = books.sample()
    _warm(book, population)
    copies = _copies(items, population)
    engine = fresh(book)
    before = _collected(_resident)
    drive(engine, events(population, copies))
    return (_collected(_resident) - before) / (len(population.templates) * copies)


def _copies(items: int, population: Population) -> int:
    """Of each template, to have so many items or a few more."""
    return -(-items // len(population.templates))


def _warm(book: Book, population: Population) -> None:
    """Let the book see all that these items ask of it."""
    engine = fresh(book)
    drive(engine, events(population, 1))
    engine.open = engine.accounts.firing = Firing(DictShelf())
    _again(book, engine)


def _again(book: Book, engine: Engine) -> Engine:
    """Another engine, rebuilt from the items of this one."""
    again = Engine(book, SPEAKER, engine.items, engine.open)
    again.rebuild()
    return again


def _traced() -> int:
    return _collected(lambda: tracemalloc.get_traced_memory()[0])


def _collected(read: Callable[[], int]) -> int:
    gc.collect()
    return read()


def _resident() -> int:
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
