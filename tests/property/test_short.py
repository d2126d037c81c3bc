"""The short way decides as the long one: of any log, by any policy, the same is said and stands on the shelves."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from schemas import alerts, instants
from schemas.events import TYPES, Action, Event, from_json
from schemas.policy import DAY, HOUR
from streams.core import short
from streams.core.book import Book
from streams.core.policy_check import load
from streams.core.steps import steps
from tests.contract.build import engine
from tests.model.generate import FLAVOURS, generate

SEEDS = 40
ENDS = (Action.STOP, Action.CANCEL)
taken: Counter[str] = Counter()
"""How often the short way was taken, by its kind."""

Run = tuple[list[object], dict[bytes, bytes], dict[bytes, bytes], object]
"""What was said and counted, both shelves at the end, and the numbers."""


def simple(seed: int, like: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Opens and stops of many items: some cancelled, some never, late, at one time, with a route of their own."""
    rnd, log = random.Random(seed), []
    opens = [(each, found) for each in like if (found := _read(each)) and found.entry.action == Action.OPEN]
    for number in range(60):
        first, found = rnd.choice(opens)
        kinds = [name for name, (workflow, does) in TYPES.items() if workflow == found.workflow and does in ENDS]
        after = rnd.choice([0, 1, rnd.randrange(HOUR), rnd.randrange(3 * DAY), rnd.randrange(30 * DAY)])
        log.append((found.entry.time, first | {"id": f"o-{number}", "subject": f"s-{number}"}))
        if rnd.random() < 0.9:
            end = {"type": rnd.choice(kinds), "time": instants.text(found.entry.time + after)}
            data = rnd.choice([{}, {}, {}, {"department": "other"}, {"priority": "urgent"}])
            more = {"id": f"e-{number}", "subject": f"s-{number}", "data": data} | end
            log.append((found.entry.time + after, first | more))
    log.sort(key=lambda each: (each[0] + rnd.choice([0, 0, 0, DAY]), each[1]["id"]))
    return [event for _, event in log]


def _read(event: dict[str, Any]) -> Event | None:
    found = from_json(json.dumps(event))
    return found if isinstance(found, Event) else None


def run(book: Book, log: Sequence[dict[str, Any]], *, ticks: bool = True) -> Run:
    """Play a log; without `ticks` as a backlog, of which each event is a step and nothing fires before its end."""
    on = engine(book)
    good = [(event, None) for event in map(_read, log) if event is not None]
    said: list[object] = []
    for step in steps(good, 0) if ticks else ([each] for each in good):
        ahead = [on.advance(max(on.now, step[0][0].entry.time - 1))] if ticks else []
        for effects in (*ahead, on.step(step, limit=None if ticks else 0)):
            said += [*map(alerts.encode, effects.alerts), *effects.dead, *effects.ended]
    said += map(alerts.encode, on.advance(on.now + 3 * DAY).alerts)
    pending = sorted((workflow, name, group.counts) for workflow, name, group in on.accounts.pending.at(on.now))
    rows = sorted((key, row._sums) for key, row in on.accounts.cohorts)
    return said, dict(on.items.items()), dict(on.open.items()), (pending, rows)


@contextmanager
def watched(patch: pytest.MonkeyPatch, *, shut: bool) -> Iterator[None]:
    """With the short way shut, or with a count of who takes it."""

    def way(name: str, own: Callable[..., object]) -> Callable[..., object]:
        def found(*given: object) -> object:
            decided = None if shut else own(*given)
            taken[name] += decided is not None
            return decided

        return found

    for name in ("began", "answered"):
        patch.setattr(short, name, way(name, getattr(short, name)))
    yield
    patch.undo()


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_both_ways_are_one(flavour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken.clear()
    for seed in range(SEEDS):
        text, log = generate(seed, flavour)
        book = Book(load(text), text.encode())
        for each in (log, simple(seed, log)):
            ticks = bool(seed % 2)
            with watched(monkeypatch, shut=True):
                long = run(book, each, ticks=ticks)
            with watched(monkeypatch, shut=False):
                assert run(book, each, ticks=ticks) == long, (flavour, seed)
    assert taken["began"] > 10 * SEEDS
    assert taken["answered"] > SEEDS


POLICY = """
version: short
calendars:
  always: {{timezone: Europe/Berlin, hours: {{daily: 00:00-24:00}}}}
  mornings: {{timezone: Europe/Berlin, hours: {{daily: 08:00-12:00}}}}
departments: {{a: {{pool: pool-a}}}}
defaults: {{calendar: always, pool: desk, on_call: desk, champion: desk}}
clocks:
  - {{name: reply, workflow: message, rules: [{rules}{{within: 1 day}}], stages: [{{name: missed, at: due}}]}}
settings: {{max_age: 3 days, reorder_window: 1 day, remember: 30 days, lead: 0 minutes}}
"""
RULES = {
    "all alike": "",
    "a's own hours": "{when: {department: a}, within: 2 days, calendar: mornings}, ",
    "a's may come too early": "{when: {department: a}, within: 2 days, not_before: 30 hours}, ",
}
"""Of department `a`, before the rule of all."""
CASES: dict[str, list[tuple[str, str, float]]] = {
    "answered at the due": [("b", "sent", 2), ("c", "replied", 3)],
    "answered a moment late": [("b", "sent", 2), ("c", "replied", 3.00001)],
    "answered as it is sent": [("b", "sent", 2), ("c", "replied", 2)],
    "answered past its age": [("b", "sent", 2), ("c", "replied", 5), ("d", "sent", 6)],
    "sent so late that its age is over": [("x", "heartbeat", 9), ("b", "sent", 2)],
    "remembered, with its department": [
        ("b", "sent", 2),
        ("c", "replied", 2.1),
        ("x", "heartbeat", 8),
        ("d", "sent", 9),
    ],
    "remembered, with its department, and answered": [
        ("b", "sent", 2),
        ("c", "replied", 2.1),
        ("x", "heartbeat", 8),
        ("d", "sent", 9),
        ("e", "replied", 9.9),
    ],
}
"""Id, type and day of November, in order of arrival."""


def dated(case: Sequence[tuple[str, str, float]]) -> list[dict[str, Any]]:
    first = instants.parse("2026-11-01T08:00:00Z")
    log = []
    for number, (name, verb, day) in enumerate(case):
        type_ = "portal.feed.heartbeat" if verb == "heartbeat" else f"portal.message.{verb}"
        at = instants.text(first + round((day - 1) * DAY))
        data = {"data": {"department": "a"}} if not number else {}
        event = {"specversion": "1.0", "id": name, "source": "/s", "type": type_, "subject": "m-1", "time": at}
        log.append(event | data)
    return log


@pytest.mark.parametrize("ticks", [True, False])
@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("case", CASES)
def test_at_the_edges(case: str, rules: str, ticks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    text = POLICY.format(rules=RULES[rules])
    book = Book(load(text), text.encode())
    with watched(monkeypatch, shut=True):
        long = run(book, dated(CASES[case]), ticks=ticks)
    with watched(monkeypatch, shut=False):
        assert run(book, dated(CASES[case]), ticks=ticks) == long
