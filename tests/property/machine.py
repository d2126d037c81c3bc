"""Core and slow model side by side, driven as a backtest drives the engine, with crashes and new policies between.

The model lives through everything once.  The engine may be thrown away between two calls and rebuilt from copies of
its shelves, or in the middle of one (`torn`): after the open alerts were written and before the items were.  Then the
call is made again, as a worker does that reads the same records again, and may only repeat what it had said (R12).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

from schemas import alerts
from schemas.alerts import FIRED, NOTICE, RESOLVED, Alert
from schemas.events import Event, from_json
from streams.backtest import SOURCE
from streams.core.book import Book
from streams.core.effects import DeadLetter, Effects
from streams.core.engine import Engine
from streams.core.policy_check import load
from streams.core.shelf import DictShelf, Shelf
from streams.core.steps import steps
from streams.core.voice import Speaker
from tests.model import Model
from tests.model.policy import read_policy
from tests.property.machine_events import START
from tests.property.machine_policies import NEW_CLOCKS

SPEAKER = Speaker(SOURCE, 0)
Call = Callable[[Engine], Effects]


def copied(shelf: Shelf, *, backwards: bool = False) -> DictShelf:
    """The bytes of a shelf on another one; the order of its keys may not matter, so it may be turned round."""
    copy, found = DictShelf(), [(bytes(key), bytes(value)) for key, value in shelf.items()]
    for key, value in found[::-1] if backwards else found:
        copy.put(key, value)
    return copy


@lru_cache
def judge(text: str) -> Book:
    """A policy file, ready to judge by, that is kept with the items."""
    return Book(load(text), text.encode())


@lru_cache
def _model_policy(text: str) -> dict[str, Any]:
    return read_policy(text)


class Pair:
    """Core and model of one partition; what the core said is kept by id, as JSON."""

    def __init__(self, policy: str) -> None:
        self.book, self.at = judge(policy), 0
        self.model = Model(_model_policy(policy))
        self.engine = Engine(self.book, SPEAKER, DictShelf(), DictShelf(), self.at)
        self.said: dict[str, dict[str, Any]] = {}
        self.dead: Counter[tuple[str, str]] = Counter()
        assert not self.engine.rebuild().alerts

    @property
    def now(self) -> int:
        """The present moment, in microseconds."""
        return max(self.engine.now, START)

    # -- what may happen ------------------------------------------------------------------------

    def send(self, lines: Sequence[str], *, torn: bool) -> None:
        """Events arrive, one after another; the last step ends with the last of them."""
        for step in steps(_read(lines), self.engine.now):
            if (first := step[0][0].entry.time) > self.engine.now:
                self._call(partial(Engine.advance, until=first - 1), torn)
            self._call(partial(Engine.step, events=step), torn)
        self._call(lambda engine: engine.advance(engine.now), torn)
        self.model.apply(lines)
        self.model.end_step()

    def wait(self, until: int, *, torn: bool) -> None:
        """Time passes up to an instant."""
        self._call(partial(Engine.advance, until=until), torn)
        self.model.advance(until)

    def crash(self, *, backwards: bool) -> None:
        """Between two calls: nothing was said that is not known, so nothing is said again."""
        again = self._restart(copied(self.engine.items, backwards=backwards), self.engine.now, backwards=backwards)
        assert not again, f"said again after a crash between two calls: {again}"

    def decree(self, policy: str, *, parts: int, torn: bool) -> None:
        """A new policy at the present moment; its adoption is cut short by a crash if `parts`, after so many items."""
        at = self.now
        self._call(partial(Engine.advance, until=at - 1), torn)
        self.engine.step([])  # what is kept no longer is given up at a step; the model does so here
        self.book, self.at = judge(policy), at
        self.engine.decree(self.book, at)
        if parts:
            self._call(partial(Engine.adopt, count=parts), torn)
            self._hear(self._restart(copied(self.engine.items), at, backwards=False))
        self._call(partial(Engine.adopt, count=1_000), torn)
        self._call(partial(Engine.advance, until=at), torn)
        self.model.set_policy(policy, at)

    # -- the core's calls -----------------------------------------------------------------------

    def _call(self, call: Call, torn: bool) -> None:
        """What it says was never said before, unless the call has to be made again after a crash in its middle."""
        before, now = copied(self.engine.items), self.engine.now
        effects = call(self.engine)
        self._hear(effects.alerts)
        self.dead.update(_letters(effects))
        if torn:
            self._again(call, effects, before, now)

    def _hear(self, said: Sequence[Alert]) -> None:
        for alert in said:
            assert alert.id not in self.said, f"said twice without a crash: {alert}"
            self.said[alert.id] = _json(alert)

    def _restart(self, items: DictShelf, now: int, *, backwards: bool) -> list[Alert]:
        """A new engine in the old one's place, and what it says at first; the clock has not gone back meanwhile."""
        opened = copied(self.engine.open, backwards=backwards)
        self.engine = Engine(self.book, SPEAKER, items, opened, self.at)
        return [*self.engine.rebuild().alerts, *self.engine.advance(now).alerts]

    def _again(self, call: Call, first: Effects, before: DictShelf, now: int) -> None:
        owed = self._restart(before, now, backwards=True)
        second = call(self.engine)
        told = {alert.id for alert in first.alerts}
        for alert in [*owed, *second.alerts]:
            assert alert.id in told, f"a new id after a crash: {alert}"
            assert _json(alert) == self.said[alert.id], "another alert under the same id"
        ended = {alert.data.alert for alert in first.alerts if alert.type == RESOLVED}
        unsure = {alert.id for alert in first.alerts if alert.type in (FIRED, NOTICE) and alert.id not in ended}
        lost = unsure - {alert.id for alert in [*owed, *second.alerts]}
        assert not lost, f"not said again, though the crash may have come before it was sent: {lost}"
        assert _letters(second) == _letters(first)

    # -- what must hold -------------------------------------------------------------------------

    def difference(self) -> str:
        """The first alert or dead letter of the last rule in which core and model differ; empty if none."""
        theirs = {alert["id"]: alert for alert in self.model.alerts}
        assert len(theirs) == len(self.model.alerts), "the model said an id twice"
        for alert_id in sorted(self.said.keys() | theirs.keys()):
            ours, expected = self.said.get(alert_id), theirs.get(alert_id)
            if ours != expected and not _is_left_open(ours or expected):
                return f"core  {ours}\nmodel {expected}"
        letters = Counter((letter["reason"], str(letter["event"])) for letter in self.model.deadletters)
        return "" if letters == self.dead else f"core alone {self.dead - letters}, model alone {letters - self.dead}"

    def open_alerts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What stands on the shelf of open alerts, and what fired and was not resolved; the two must be equal."""
        shelf = {key.decode(): json.loads(value) for key, value in self.engine.open.items()}
        ended = {said["data"]["alert"] for said in self.said.values() if said["type"] == RESOLVED}
        fired = {ident: said for ident, said in self.said.items() if said["type"] == FIRED and ident not in ended}
        return shelf, fired


def _is_left_open(alert: dict[str, Any] | None) -> bool:
    """The model answers an acknowledge once more for a clock that a later policy brings; R8: when it is decided."""
    said = {} if alert is None else alert["data"]
    return said.get("stage") == "acknowledged" and said["clock"] in NEW_CLOCKS


def _read(lines: Sequence[str]) -> list[tuple[Event, object]]:
    read = [(from_json(line.encode()), line) for line in lines]
    return [(event, line) for event, line in read if isinstance(event, Event)]


def _json(alert: Alert) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(alerts.encode(alert))
    return found


def _letters(effects: Effects) -> Counter[tuple[str, str]]:
    return Counter(_letter(dead) for dead in effects.dead)


def _letter(dead: DeadLetter) -> tuple[str, str]:
    return dead.reason, str(dead.ref)
