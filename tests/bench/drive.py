"""An engine driven as a worker drives it, without a broker.

Theory of operation. Records come in fetches. Those of one are decoded and cut into steps; each step is folded in and
judged; what it says is encoded. Between two fetches stands a tick, which fires the stages that have come by then. Now
is the greatest event time so far, as in a backtest. The engine itself encodes items for its shelf.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from schemas import alerts
from schemas.events import Event, Refusal, decode
from streams.core.book import Book
from streams.core.effects import Effects
from streams.core.engine import Engine
from streams.core.shelf import DictShelf
from streams.core.steps import steps, take
from streams.core.voice import Speaker
from streams.watch import STEPS_AT_ONCE
from tests.bench.loads import Sent

FETCH: Final = 500
"""Records of one fetch."""
SPEAKER: Final = Speaker("/portalwatch/benchmark", 0)


@dataclass(slots=True)
class Tally:
    """What came in and went out."""

    events: int = 0
    refused: int = 0
    """By the decoder."""
    dead: int = 0
    """Dead letters of the engine."""
    alerts: int = 0
    """Alerts, resolutions and notices."""
    written: int = 0
    """Their bytes."""


def fresh(book: Book) -> Engine:
    """An engine with nothing on its shelves."""
    engine = Engine(book, SPEAKER, DictShelf(), DictShelf())
    engine.rebuild()
    return engine


def drive(engine: Engine, sent: Iterable[Sent]) -> Tally:
    """Take in all that was sent, fetch by fetch, with a tick after each."""
    tally, records = Tally(), iter(sent)
    while fetch := list(islice(records, FETCH)):
        tally.events += len(fetch)
        rest = steps(_read(fetch, tally), engine.now)
        while (effects := take(engine, rest, STEPS_AT_ONCE, None, None)) is not None:
            say(effects, tally)
        engine.keep_times()
        say(engine.advance(engine.latest), tally)
    return tally


def _read(fetch: Iterable[Sent], tally: Tally) -> Iterator[tuple[Event, object]]:
    for record in fetch:
        event = decode(record.value, (), record.workflow)
        if isinstance(event, Refusal):
            tally.refused += 1
        else:
            yield event, record


def say(effects: Effects, tally: Tally) -> None:
    """Encode what is said."""
    for alert in effects.alerts:
        tally.written += len(alerts.encode(alert))
    tally.alerts += len(effects.alerts)
    tally.dead += len(effects.dead)
