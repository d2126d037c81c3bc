"""Many open items from few: what a simulated day left pending, again and again under other names.

Theory of operation. The engine runs over a stretch of the clinics' load. Whatever is pending at its end is a template:
its state, its open alerts, its events. A copy has another item name *of the same length*, put in place of the old one
in the encoded bytes; lengths inside stay right, and so do the ids that are made of the item. So a copy is exactly what
the engine would have written, at a hundredth of the cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from schemas import alerts
from schemas.events import Event, decode
from schemas.instants import LAST
from streams.core import state as states
from streams.core.agenda import OWN
from streams.core.book import Book
from streams.core.engine import Engine
from streams.core.shelf import DictShelf
from tests.bench import loads
from tests.bench.drive import Tally, drive, fresh, say
from tests.bench.loads import Sent


class Template(NamedTuple):
    """One pending item: `name` is the item, `key` its key among the items, `alerts` those open, by id."""

    name: bytes
    key: bytes
    state: bytes
    alerts: tuple[tuple[bytes, bytes], ...]


class Population(NamedTuple):
    """Pending items, all events that made them so in order of arrival, and the partition's times, encoded."""

    templates: list[Template]
    sent: list[tuple[bytes, Sent]]
    """Each with the item's name."""
    times: bytes


def settle(book: Book, events: int | None, clinics: int, until: int = LAST) -> Population:
    """What is pending after so many events of the clinics' load; with `until` (microseconds), at that time."""
    load, engine = loads.clinic(book, events, clinics, until), fresh(book)
    drive(engine, load)
    if until != LAST:
        say(engine.advance(until), Tally())
        engine.step([])  # writes down that it has come so far
    templates = list(_templates(engine))
    times = engine.items.get(OWN)
    if not templates or times is None:
        raise ValueError(f"nothing is pending after {events} events; give more")
    return Population(templates, list(_events_of(load, {each.key for each in templates})), times)


def _templates(engine: Engine) -> Iterator[Template]:
    open_alerts: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for alert_id, value in engine.open.items():
        data = alerts.decode(value).data
        open_alerts.setdefault(f"{data.workflow}:{data.item}".encode(), []).append((alert_id, value))
    for key, value in engine.items.items():
        if not key.startswith(OWN) and states.moment(value) >= 0:
            yield Template(key.partition(b":")[2], key, value, tuple(open_alerts.get(key, ())))


def _events_of(load: Iterable[Sent], keys: set[bytes]) -> Iterator[tuple[bytes, Sent]]:
    for record in load:
        event = decode(record.value, (), record.workflow)
        if isinstance(event, Event) and f"{event.workflow}:{event.subject}".encode() in keys:
            yield event.subject.encode(), record


def copy_name(name: bytes, number: int) -> bytes:
    """The item name of a copy: as long as `name`, and for each number another one."""
    return b"x%0*d" % (len(name) - 1, number)


def shelves(population: Population, count: int) -> tuple[DictShelf, DictShelf]:
    """Items and open alerts of so many pending items."""
    items, open_alerts = DictShelf(), DictShelf()
    for number, template in islice(_endless(population.templates), count):
        old, new = template.name, copy_name(template.name, number)
        items.put(template.key.replace(old, new), template.state.replace(old, new))
        for alert_id, value in template.alerts:
            open_alerts.put(alert_id.replace(old, new), value.replace(old, new))
    items.put(OWN, population.times)
    return items, open_alerts


def _endless(templates: Sequence[Template]) -> Iterator[tuple[int, Template]]:
    number = 0
    while True:
        for template in templates:
            yield number, template
            number += 1


def events(population: Population, copies: int) -> Iterator[Sent]:
    """The events of so many copies of each item, in order of time; made one by one, so that none is kept."""
    numbers = {each.name: at * copies for at, each in enumerate(population.templates)}
    for name, record in population.sent:
        for number in range(numbers[name], numbers[name] + copies):
            yield Sent(record.workflow, record.value.replace(name, copy_name(name, number)))
