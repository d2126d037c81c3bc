"""What happens to one item: a random script whose outcome does not hang on a second more or less.

An event keeps `MARGIN` away from every moment at which a stage of its item may fire, and `APART` from the item's other
events, so that its order to them is certain although it travels. The engine itself says where those moments are: the
script is played into one as it is written, and ends where an event would bring a moment too close behind itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from schemas import instants
from schemas.events import Event, from_json
from streams.core.engine import Engine
from streams.core.shelf import DictShelf
from streams.core.voice import Speaker
from tests.chaos.policy import BOOK

MARGIN, APART = 1.5, 2.5
"""Seconds."""
SPEAKER = Speaker("/portalwatch/backtest", 0)
SECOND = 1_000_000
WEIGHTS = {"message": 5, "appointment": 3, "result": 2, "questionnaire": 2}
Data = dict[str, str]


@dataclass(frozen=True, slots=True)
class Planned:
    """One event of a script; `at` in microseconds, `topic` as `cluster.INPUTS` names it."""

    at: int
    topic: str
    key: str
    line: bytes


def micros(seconds: float) -> int:
    """Seconds as microseconds."""
    return round(seconds * SECOND)


def fresh() -> Engine:
    """An engine that knows nothing yet."""
    return Engine(BOOK, SPEAKER, DictShelf(), DictShelf())


# What may happen while a cycle runs, while it is paused, and what ends it: (verb, makes data, weight).
Choice = tuple[str, Callable[[random.Random], Data], float]


def _nothing(_: random.Random) -> Data:
    return {}


def _department(rnd: random.Random) -> Data:
    return {"department": rnd.choice("abc")}


def _owner(rnd: random.Random) -> Data:
    return {"owner": f"owner-{rnd.randrange(4)}"}


def _priority(rnd: random.Random) -> Data:
    return {"priority": rnd.choice(["urgent", "routine"])}


def _moved(rnd: random.Random) -> Data:
    return rnd.choice([_department, _owner, _priority])(rnd)


COMMANDS: list[Choice] = [("command.acknowledged", _nothing, 1.0), ("command.snoozed", _nothing, 0.6),
                          ("command.assigned", _owner, 0.6)]  # fmt: skip
RUNNING: Mapping[str, list[Choice]] = {
    "message": [("message.sent", _nothing, 1), ("message.awaiting_patient", _nothing, 1),
                ("message.assigned", _moved, 2)],
    "appointment": [("appointment.offered", _nothing, 2), ("appointment.moved", _moved, 2),
                    ("appointment.assigned", _owner, 1)],
    "result": [("result.looked_up", _nothing, 3), ("result.moved", _department, 1), ("result.assigned", _owner, 1)],
    "questionnaire": [("questionnaire.moved", _department, 2), ("questionnaire.assigned", _owner, 1)],
}  # fmt: skip
PAUSED: Mapping[str, list[Choice]] = {
    "message": [("message.sent", _nothing, 3), ("message.assigned", _moved, 1)],
    "appointment": [("appointment.answered", _nothing, 3), ("appointment.moved", _moved, 1)],
}
PAUSES = {"message.awaiting_patient": True, "appointment.offered": True, "appointment.answered": False,
          "message.sent": False}  # fmt: skip
ENDS: Mapping[str, list[str]] = {
    "message": ["message.replied", "message.replied", "message.closed"],
    "appointment": ["appointment.confirmed", "appointment.declined", "appointment.cancelled"],
    "result": ["result.released", "result.released", "result.cancelled"],
    "questionnaire": ["questionnaire.reviewed", "questionnaire.cancelled"],
}
OPENS = {"message": "message.sent", "appointment": "appointment.requested", "result": "result.promised",
         "questionnaire": "questionnaire.submitted"}  # fmt: skip


@dataclass
class Script:
    """A script in the making."""

    rnd: random.Random
    item: str
    workflow: str
    engine: Engine = field(default_factory=fresh)
    events: list[Planned] = field(default_factory=list)
    running: bool = False
    paused: bool = False

    def add(self, at: int, verb: str, data: Data) -> bool:
        """Put an event in; False if a moment comes too close behind it: then it is left out, and the script is over."""
        topic = "command" if verb.startswith("command") else self.workflow
        if topic == "command":
            data = {**data, "workflow": self.workflow, "by": "desk"}
            if verb == "command.snoozed":
                data["until"] = instants.text(at + micros(self.rnd.uniform(3, 20)))
        line = encode(f"{self.item}-{len(self.events)}", self.item, verb, at, data)
        event = from_json(line)
        assert isinstance(event, Event), event
        self.engine.step([(event, None)])
        self.engine.advance(at)
        if self._next_moment() <= at + micros(MARGIN):
            return False
        self.events.append(Planned(at, topic, self.item, line))
        self.running = self.running or verb == OPENS[self.workflow]
        self.paused = PAUSES.get(verb, self.paused)
        if verb in ENDS[self.workflow]:
            self.running = self.paused = False
        return True

    def quiet_from(self, at: int) -> int:
        """The first instant from `at` on that keeps away from the item's moments; the engine has then come near it."""
        while True:
            self.engine.advance(at - micros(MARGIN))
            coming = self._next_moment()
            if coming > at + micros(MARGIN):
                return at
            at = coming + micros(MARGIN) + SECOND // 10

    def _next_moment(self) -> int:
        coming = self.engine.next_moment()
        return 1 << 62 if coming is None else coming


def encode(ident: str, item: str, verb: str, at: int, data: Data) -> bytes:
    """An event as it travels."""
    event: dict[str, Any] = {
        "specversion": "1.0", "id": ident, "source": "/chaos", "type": f"portal.{verb}", "subject": item,
        "time": instants.text(at), "data": data,
    }  # fmt: skip
    return orjson.dumps(event)


def script(rnd: random.Random, number: int, start: int) -> list[Planned]:
    """The events of item `number`, which opens at `start` (microseconds)."""
    workflow = rnd.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    made = Script(rnd, f"{workflow[0]}-{number}", workflow)
    if not made.add(start, OPENS[workflow], _first(rnd, workflow, start)):
        return []
    at = start
    for _ in range(rnd.choice([0, 0, 1, 1, 2, 3, 4])):
        at = made.quiet_from(at + micros(rnd.uniform(APART, 14)))
        verb, data = _next(made)
        if not made.add(at, verb, data):
            return made.events
    if rnd.random() < 0.9:
        _end(made, at)
    return made.events


def _first(rnd: random.Random, workflow: str, start: int) -> Data:
    data = _department(rnd) if rnd.random() < 0.95 else {}
    if rnd.random() < 0.3:
        data["priority"] = "urgent"
    if rnd.random() < 0.3:
        data |= _owner(rnd)
    if workflow == "questionnaire" or (workflow == "appointment" and rnd.random() < 0.6):
        data["anchor"] = instants.text(start + micros(rnd.uniform(15, 90)))
    if workflow == "questionnaire" and rnd.random() < 0.5:
        data["kind"] = "intake"
    return data


def _next(made: Script) -> tuple[str, Data]:
    if not made.running:
        return OPENS[made.workflow], _first(made.rnd, made.workflow, made.engine.now)
    choices = (PAUSED if made.paused else RUNNING).get(made.workflow, []) + COMMANDS
    verb, data, _ = made.rnd.choices(choices, [weight for _, _, weight in choices])[0]
    return verb, data(made.rnd)


def _end(made: Script, at: int) -> None:
    """Stop or cancel it, and now and then open it again and end it again."""
    for _ in range(2 if made.rnd.random() < 0.15 else 1):
        if not made.running:
            at = made.quiet_from(at + micros(made.rnd.uniform(APART, 5)))
            if not made.add(at, *_next(made)):
                return
        at = made.quiet_from(at + micros(made.rnd.uniform(APART, 30)))
        if not made.add(at, made.rnd.choice(ENDS[made.workflow]), {}):
            return
