"""A crash between two steps, at any moment: an engine rebuilt from the shelves goes on as if nothing had been (R12)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alerts import Alert
from schemas.events import Event, from_json
from schemas.policy import DAY
from streams.core.book import Book
from streams.core.engine import Engine
from streams.core.policy_check import load
from streams.core.shelf import DictShelf, Shelf
from streams.core.steps import Step, steps
from streams.core.voice import Speaker
from tests.model.generate import FLAVOURS, generate

SPEAKER = Speaker("/t", 0)


def cut(flavour: str, seed: int) -> tuple[Book, list[Step]]:
    text, events = generate(seed, flavour)
    read = (from_json(json.dumps(event)) for event in events)
    good = [(event, event.entry.id) for event in read if isinstance(event, Event)]
    return Book(load(text), text.encode()), list(steps(good, 0))


def copied(shelf: Shelf) -> DictShelf:
    copy = DictShelf()
    for key, value in list(shelf.items()):
        copy.put(bytes(key), bytes(value))
    return copy


def again(book: Book, before: Engine) -> Engine:
    """The engine of another process: nothing but the shelves' bytes goes over."""
    engine = Engine(Book(book.policy, book.text), SPEAKER, copied(before.items), copied(before.open))
    assert engine.rebuild().alerts == []
    return engine


def played(book: Book, log: list[Step], crashes: set[int]) -> tuple[list[Alert], list[tuple[object, str]]]:
    """What is said, with a crash before each step (and before the moments that lead to it) of these numbers."""
    engine = Engine(book, SPEAKER, DictShelf(), DictShelf())
    said: list[Alert] = []
    dead: list[tuple[object, str]] = []
    for number, step in enumerate(log):
        engine = again(book, engine) if number in crashes else engine
        said += engine.advance(max(engine.now, step[0][0].entry.time - 1)).alerts
        engine = again(book, engine) if number in crashes else engine
        effects = engine.step(step)
        said += effects.alerts
        dead += [(each.ref, each.reason) for each in effects.dead]
    engine = again(book, engine) if crashes else engine
    said += engine.advance(engine.now + 5 * DAY).alerts
    return said, dead


@pytest.mark.parametrize("flavour", FLAVOURS)
@settings(max_examples=settings().max_examples // 2)
@given(seed=st.integers(0, 100), data=st.data())
def test_rebuilding_at_any_moment_changes_nothing_that_follows(flavour: str, seed: int, data: st.DataObject) -> None:
    book, log = cut(flavour, seed)
    crashes = data.draw(st.sets(st.integers(0, len(log) - 1), min_size=1, max_size=6))
    assert played(book, log, crashes) == played(book, log, set())


@pytest.mark.parametrize("flavour", FLAVOURS)
@settings(max_examples=settings().max_examples // 2)
@given(seed=st.integers(0, 100), data=st.data())
def test_a_crash_between_saying_and_remembering(flavour: str, seed: int, data: st.DataObject) -> None:
    """R12: the open alerts are newer than the items: nothing fires under another id, and nothing is lost."""
    book, log = cut(flavour, seed)
    number = data.draw(st.integers(0, len(log) - 1))
    engine = Engine(book, SPEAKER, DictShelf(), DictShelf())
    for step in log[:number]:
        engine.advance(max(engine.now, step[0][0].entry.time - 1))
        engine.step(step)
    kept = again(book, engine)
    moment = log[number][0][0].entry.time - 1
    lost = {alert.id for alert in engine.advance(max(engine.now, moment)).alerts if alert.type == "portal.alert.fired"}
    torn = Engine(book, SPEAKER, kept.items, again(book, engine).open)
    repeated = torn.rebuild().alerts
    anew = torn.advance(max(torn.now, moment)).alerts
    fired = {alert.id for alert in [*repeated, *anew] if alert.type == "portal.alert.fired"}
    resolved = {alert.data.alert for alert in anew if alert.type == "portal.alert.resolved"}
    assert {alert.id for alert in repeated} <= lost
    assert fired | resolved >= {ident for ident in lost if ident.encode() in dict(engine.open.items())}
    assert fired <= lost
