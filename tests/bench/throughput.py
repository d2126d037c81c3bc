"""Events a second through decode, fold, judge and encode: one process, no broker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schemas.events import decode
from streams.core.book import Book
from tests.bench import books, loads
from tests.bench.drive import FETCH, Tally, drive, fresh
from tests.bench.loads import Sent
from tests.bench.measure import Aim, Figure, clean

AIM = Aim(">=", 60_000)
"""Events a second, with the sample policy."""


def figures(runs: int, events: int, clinics: int) -> Iterator[Figure]:
    """The clinic's load, its decoding alone, and the toy load."""
    book = books.sample()
    load = loads.clinic(book, events, clinics)
    yield _driven("clinic", book, load, runs, AIM)
    yield _decoded(load, runs)
    yield _driven("toy", books.toy(), loads.toy(events), runs, None)


def _driven(name: str, book: Book, load: Sequence[Sent], runs: int, aim: Aim | None) -> Figure:
    """Each run has a new engine; what the book keeps (calendars, matches) is there from the second run on."""
    values, tally, items = [], Tally(), 0
    for _ in range(runs):
        engine = fresh(book)
        tally, took = clean(drive, engine, load)
        values.append(len(load) / took)
        items = sum(1 for _ in engine.items.items())
    note = (
        f"{tally.events:,} events in fetches of {FETCH}, {items:,} items kept or remembered at the end, "
        f"{tally.alerts:,} alerts ({tally.written:,} bytes), {tally.refused + tally.dead:,} dead letters"
    )
    return Figure(f"{name}: decode, fold, judge, encode", "events/s", tuple(values), aim, note)


def _decoded(load: Sequence[Sent], runs: int) -> Figure:
    values = tuple(len(load) / clean(_decode, load)[1] for _ in range(runs))
    return Figure("clinic: decode alone", "events/s", values, None, "the same events")


def _decode(load: Sequence[Sent]) -> None:
    for record in load:
        decode(record.value, (), record.workflow)
