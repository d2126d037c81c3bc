"""An item's evidence, made of events as a portal sends them and of what a backtest of them says."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import msgspec

from schemas import alerts, instants
from schemas.policy_file import parse
from streams import backtest
from streams.core.book import Book
from streams.delivery.answers import Line
from streams.policies import headers
from streams.why.answer import Moment, answer
from streams.why.evidence import Sorter
from streams.why.forms import Why
from streams.why.headline import headline
from streams.why.sinks import Sinks

POLICY = """
version: why
calendars:
  clinic: {timezone: America/Chicago, hours: {mon-fri: 08:00-17:00}}
departments:
  cardiology: {pool: cardiology-nurses, on_call: cardiology-oncall, champion: dr-lee}
defaults: {calendar: clinic, pool: desk, on_call: oncall, champion: committee}
clocks:
  - name: reply
    workflow: message
    rules: [{when: {department: cardiology}, within: 1 business day}]
    stages:
      - {name: due-soon, at: 75%, severity: warning, notify: pool}
      - {name: missed, at: due, severity: critical, notify: on_call}
      - {name: escalated, after: 1 business day, severity: critical, notify: champion}
  - name: visit
    workflow: questionnaire
    rules: [{before: 1 business day}]
settings: {lead: 0 minutes}
"""
ITEM, PREFIX, APP = "m-4821", "portal", "portalwatch"
OPENED = "2026-11-10T11:30:00-06:00"
"""A Tuesday; due on Wednesday 11:30, due-soon at 09:15."""


class Record(NamedTuple):
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] = []  # noqa: RUF012 - none is added


def event(verb: str, time: str, item: str = ITEM, workflow: str = "message", **data: str) -> dict[str, Any]:
    known = verb in ("acknowledged", "snoozed")
    return {
        "specversion": "1.0", "id": f"{verb}-{time}", "source": "/portal", "subject": item, "time": time,
        "type": f"portal.command.{verb}" if known else f"portal.{workflow}.{verb}",
        "data": {**data, **({"workflow": workflow} if known else {})},
    }  # fmt: skip


def sent(**data: str) -> dict[str, Any]:
    return event("sent", OPENED, department="cardiology", **data)


def micros(time: str) -> int:
    return instants.parse(time)


class Case:
    """Events of one item, as they came; `said` are the alerts of a worker that was never away."""

    def __init__(self, *events: dict[str, Any], policy: str = POLICY) -> None:
        self.policy = policy
        self.events = list(events)
        self.came = [micros(each["time"]) for each in events]
        self.lines: list[Line] = []
        self.kinds: dict[str, str] = {}
        self.committed: dict[tuple[str, int], int | None] = {}
        self.letters: list[Record] = []
        self.said: list[alerts.Alert] | None = None
        self.later: list[tuple[str, str]] = []
        """Policies that came into force later: when, and their text."""
        self.first = 0
        """The first offset that the inputs still have."""

    def judged(self, until: str) -> list[alerts.Alert]:
        """What the backtest says of them."""
        lines = [json.dumps(each).encode() for each in self.events]
        return backtest.run(Book(parse(self.policy.encode())), lines, micros(until)).alerts

    def why(self, at: str, now: str | None = None, workflow: str | None = None, item: str = ITEM) -> Why:
        said = self.judged(now or at) if self.said is None else self.said
        sorter = Sorter(item, PREFIX, APP)
        sorter.take(self._records(said))
        sorter.evidence.sift()
        moment = Moment(micros(at), micros(now or at) + 60_000_000, 1.0, lambda seconds: round(seconds * 1e6))
        told_at = micros
        sinks = Sinks(self.kinds, self.committed, tuple(self.lines), told_at)
        found = answer(item, workflow, sorter.evidence, moment, sinks, "/portalwatch/backtest")
        return msgspec.structs.replace(found, answer=headline(found))

    def _records(self, said: list[alerts.Alert]) -> list[Record]:
        text = self.policy.encode()
        records = [Record("portal.policy", 0, 0, 0, b"policy", text, headers(text, parse(text), "test"))]
        for number, (time, other) in enumerate(self.later, 1):
            given = headers(other.encode(), parse(other.encode()), "test")
            records.append(Record("portal.policy", 0, number, micros(time) // 1000, b"policy", other.encode(), given))
        for number, (each, at) in enumerate(zip(self.events, self.came, strict=True), self.first):
            command = each["type"].startswith("portal.command")
            topic = "commands" if command else f"{each['type'].split('.')[1]}s"
            key = each["subject"].encode()
            records.append(Record(f"portal.{topic}", 2, number, at // 1000, key, json.dumps(each).encode()))
        fires = {}
        for number, alert in enumerate(said):
            value = alerts.encode(alert)
            records.append(Record("portal.alerts", 2, number, 0, alert.subject.encode(), value))
            if alert.type == alerts.FIRED:
                fires[alert.id] = value
            elif alert.type == alerts.RESOLVED:
                fires.pop(alert.data.alert or "", None)
        records += [Record("portal.alerts.open", 2, n, 0, i.encode(), v) for n, (i, v) in enumerate(fires.items())]
        return [*records, *self.letters]


def stage(why: Why, name: str, cycle: int = -1) -> Any:
    """A stage of the first clock of a cycle."""
    return next(each for each in why.works[0].cycles[cycle].clocks[0].stages if each.name == name)
