"""One item judged anew by the core: what it would have said, with each event at the moment at which it came.

Theory of operation. A worker may hold a stage back until it knows its inputs to be read, for up to a minute without
saying so (R11), and decides it then with what came meanwhile. So the item is judged twice: once with all moments up to
an event decided before it, and once with those of the last `CLOSE` before it decided after it. What both say has to
have been said; what one says may have been.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas.alerts import Alert
from schemas.events import Event
from schemas.policy import MINUTE
from streams.core import state as states
from streams.core.book import Book
from streams.core.effects import Effects
from streams.core.engine import Engine
from streams.core.shelf import DictShelf
from streams.core.state import ItemState
from streams.core.voice import Speaker

CLOSE: Final = MINUTE
"""Microseconds, at the rate of the wall."""
WHOLE: Final = 1 << 30


class Arrival(NamedTuple):
    """An event and when it came; microseconds."""

    at: int
    event: Event


class Rule(NamedTuple):
    """A policy, when it came into force (microseconds), and where it stands."""

    at: int
    book: Book
    offset: int


class Account(NamedTuple):
    """What the core says of an item."""

    engine: Engine
    must: dict[str, Alert]
    """Alerts, resolutions and notices by id, that were to be said in any case."""
    both: dict[str, Alert]
    """These, and those that the last moments before an event may have brought, or spared."""

    def state(self, key: bytes) -> ItemState | None:
        """The item as it stands at the end."""
        value = self.engine.items.get(key)
        return None if value is None else states.decode(value)


def account(rules: list[Rule], arrivals: list[Arrival], until: int, speaker: Speaker, close: int = CLOSE) -> Account:
    """Judge one item's events by the policies, up to `until` (inclusive).

    Args:
        rules: in order, one at least; the first counts from the beginning.
        arrivals: in order.
        close: so near to an event a moment may come before or after it.
    """
    engine, exact = _run(rules, arrivals, until, speaker, 1)
    _, late = _run(rules, arrivals, until, speaker, close)
    must = {alert_id: alert for alert_id, alert in exact.items() if alert_id in late}
    return Account(engine, must, late | exact)


def _run(
    rules: list[Rule], arrivals: list[Arrival], until: int, speaker: Speaker, before: int
) -> tuple[Engine, dict[str, Alert]]:
    first = rules[0]
    engine = Engine(first.book, speaker, DictShelf(), DictShelf(), first.at, first.offset, windows=None)
    said: dict[str, Alert] = {}

    def take(effects: Effects) -> None:
        said.update((alert.id, alert) for alert in effects.alerts)

    last = 0
    for at, what in _merged(rules[1:], arrivals):
        if at > until:
            break
        if at - before > last:  # else nothing was decided since what came before it
            take(engine.advance(max(engine.now, at - before)))
        last = at
        if isinstance(what, Rule):
            engine.decree(what.book, at, what.offset)
            take(engine.adopt(WHOLE, stamp=at))
        else:
            take(engine.step([(what, None)], limit=at, stamp=at))
    take(engine.advance(max(engine.now, until)))
    return engine, said


def _merged(rules: Iterable[Rule], arrivals: Iterable[Arrival]) -> list[tuple[int, Rule | Event]]:
    both: list[tuple[int, Rule | Event]] = [(rule.at, rule) for rule in rules]
    both += [(arrival.at, arrival.event) for arrival in arrivals]
    return sorted(both, key=lambda each: each[0])
