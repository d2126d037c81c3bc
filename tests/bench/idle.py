"""What a tick costs that has nothing to do, with very many items open.

Theory of operation. In a process of its own, one partition's tables are stocked with copies of pending items
(`population`), and `Watch` takes it over, as a worker's does. Then it is given ticks just as a lane gives them: a batch
without records, worked within `async with batch:`, after which the lane asks whether a table has changed. The ticks are
of the moment at which the items stand, before any stage of theirs. The partition is the one that judges the feeds, so
that is in it. What a lane does besides (a fetch, a look at how far the inputs are known) knows nothing of items; the
idle workers of `lateness` have it all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from statistics import median
from typing import Final, NamedTuple

from schemas.policy import WORKFLOWS
from streams.clock import Clock, Pace
from streams.core import state as states
from streams.runtime import App, Batch, Slice, Table
from streams.tally import Tally
from streams.watch import FEEDS_JUDGE, Topics, Watch
from tests.bench import books
from tests.bench.apart import apart
from tests.bench.measure import Aim, Figure
from tests.bench.population import Population, shelves

AIM: Final = Aim("<", 1)
"""Milliseconds."""
TICKS, FIRST = 2_000, 200
"""Ticks that count, and those before them."""
MOST: Final = 1 << 20
"""Bytes of an event, which none has here."""


class Ticks(NamedTuple):
    """Milliseconds of one run's ticks, elapsed, and of CPU on the average."""

    median: float
    longest: float
    cpu: float


def figures(runs: int, items: int, population: Population) -> Iterator[Figure]:
    """The median tick, the average one's CPU, and the longest."""
    found = apart(measured, runs, items, population)
    note = f"{TICKS:,} ticks of one lane's agent with {items:,} open items; nothing is due"
    yield Figure("an idle tick", "ms", tuple(each.median for each in found), AIM, note)
    yield Figure("an idle tick, CPU on the average", "ms", tuple(each.cpu for each in found), None, note)
    yield Figure("the longest idle tick", "ms", tuple(each.longest for each in found), None, note)


def measured(runs: int, items: int, population: Population) -> list[Ticks]:
    """So many runs on one stocked partition. RuntimeError if a tick had something to say after all."""
    return asyncio.run(_measured(runs, items, population))


async def _measured(runs: int, items: int, population: Population) -> list[Ticks]:
    watch, slices, clock = _stocked(items, population)
    await _ticks(watch, slices, clock, FIRST)
    return [await _ticks(watch, slices, clock, TICKS) for _ in range(runs)]


def _stocked(items: int, population: Population) -> tuple[Watch, list[Slice], Clock]:
    """A watch that has taken a partition over; its clock shows, at any wall, when the items stand."""
    app = App("bench", broker="kafka://127.0.0.1:1")  # nothing is connected
    tables = [app.Table(name) for name in ("items", "open", "cards")]
    slices = [Slice(FEEDS_JUDGE) for _ in tables]
    for table, one in zip(tables, slices, strict=True):
        assert isinstance(table, Table)
        table.slices[FEEDS_JUDGE] = one
    for one, shelf in zip(slices, shelves(population, items), strict=False):
        one.data.update(shelf.items())
    now, _ = states.decode_times(population.times)
    clock = Clock(Pace(now, 1.0, 0.0), lambda: 0)
    items_table, open_alerts, cards = (table for table in tables if isinstance(table, Table))
    watch = Watch("/bench", clock, Topics("alerts", "letters"), items_table, open_alerts, cards, MOST, Tally([]))
    watch.decree(books.sample(), 0, 0)
    watch.feed_ends = dict.fromkeys(WORKFLOWS, 1)
    watch.recovered(FEEDS_JUDGE)
    return watch, slices, clock


async def _ticks(watch: Watch, slices: list[Slice], clock: Clock, count: int) -> Ticks:
    took, known, said = [], clock.wall(clock.now()), 0
    before = time.process_time()
    for _ in range(count):
        began = time.perf_counter()
        batch = Batch(FEEDS_JUDGE, known=known)
        async with batch:
            watch.tick(batch)
        await batch.done
        changed = bool(batch.effects) or any(one.dirty for one in slices)
        took.append(1e3 * (time.perf_counter() - began))
        said += len(batch.effects)
        if changed:  # the first ones write what the feeds and the cohorts are
            for one in slices:
                one.take_puts()
                one.take_gone()
    if said:
        raise RuntimeError(f"{said} alerts came, where nothing was due")
    return Ticks(median(took), max(took), 1e3 * (time.process_time() - before) / count)
