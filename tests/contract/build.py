"""Policies, events and what was said, written short, so that a test can be a table of cases.

Instants are written `2026-11-10T08:00-06:00`: RFC 3339, seconds left out where they are zero. What was said is read
back as lines such as `11-10T10:00 missed:resolved moved`: when, the id behind the cycle's part, and the reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from schemas import instants
from schemas.alerts import Alert
from schemas.events import Action, Entry, Event, from_json
from streams import backtest
from streams.core import state as states
from streams.core.agenda import OWN
from streams.core.book import Book
from streams.core.calendars import Calendar
from streams.core.effects import Effects
from streams.core.engine import Engine
from streams.core.fold import Cycle, fold
from streams.core.keeping import folded
from streams.core.policy_check import load
from streams.core.routing import Routing
from streams.core.shelf import DictShelf
from streams.core.voice import Speaker

ITEM = "p-4821"
DAY_HOURS = "{timezone: UTC, hours: {daily: 08:00-18:00}}"
ALL_HOURS = "{timezone: UTC, hours: {daily: 00:00-24:00}}"
CLINIC = "{timezone: America/Chicago, hours: {mon-fri: 08:00-12:00 12:30-17:00, sat: 09:00-12:00}}"
MISSED = "{name: missed, at: due, severity: critical, notify: on_call}"


def at(text: str) -> int:
    """Microseconds of an instant; seconds may be left out, and the zone where it is UTC."""
    whole = re.sub(r"(T\d\d:\d\d)(?!:?\d)", r"\1:00", text)
    return instants.parse(whole if re.search(r"(Z|[+-]\d\d:\d\d)$", whole) else whole + "Z")


@lru_cache
def calendar(spec: str) -> Calendar:
    """A calendar as the policy file has it; one for all tests that ask for the same."""
    return book(f"[{{name: c, workflow: message, rules: [{{within: 1 hour}}], stages: [{MISSED}]}}]", spec).calendars[
        "c"
    ]


def policy(clocks: str, hours: str = ALL_HOURS, settings: str = "{lead: 0 minutes}", departments: str = "{}") -> str:
    """A policy file with one calendar `c`; the desk, the first on call and the boss are the defaults."""
    return (
        f"version: v1\ncalendars: {{c: {hours}}}\ndepartments: {departments}\n"
        "defaults: {calendar: c, pool: desk, on_call: first, champion: boss}\n"
        f"clocks: {clocks}\nsettings: {settings}\n"
    )


def book(clocks: str, hours: str = ALL_HOURS, settings: str = "{lead: 0 minutes}", departments: str = "{}") -> Book:
    """A policy made ready to judge by."""
    text = policy(clocks, hours, settings, departments)
    return Book(load(text), text.encode())


def clock(rules: str, stages: str = MISSED, more: str = "", workflow: str = "message", name: str = "reply") -> str:
    """One clock, as the policy file has it."""
    return f"{{name: {name}, workflow: {workflow}, rules: [{rules}], stages: [{stages}]{more}}}"


def event(ident: str, verb: str, time: str, item: str = ITEM, **data: Any) -> bytes:
    """A CloudEvent of type `portal.<verb>`, as a log has it; `anchor` and `until` are instants too."""
    data |= {name: instants.text(at(str(data[name]))) for name in ("anchor", "until") if name in data}
    said = {"specversion": "1.0", "id": ident, "source": "/s", "type": f"portal.{verb}", "subject": item}
    return json.dumps(said | {"time": instants.text(at(time)), "data": data}).encode()


def read(line: bytes) -> Event:
    """The event of a line that must be accepted."""
    found = from_json(line)
    assert isinstance(found, Event), found
    return found


def entry(action: Action, time: str, ident: str = "e", **fields: str) -> Entry:
    """An item's history entry; `anchor` and `until` are instants."""
    instant = {name: at(fields.pop(name)) for name in ("anchor", "until") if name in fields}
    return Entry(at(time), ident, "/s", action, **fields, **instant)  # type: ignore[arg-type]  # by their names


def cycles(history: Iterable[Entry], now: str = "2026-11-20T00:00", max_age: int = 90 * 86_400_000_000) -> list[Cycle]:
    """The cycles of a history, which is put in order first."""
    ordered = sorted(history, key=lambda e: (e.time, e.id, e.source))
    return fold(Routing(), ordered, enforce_from=0, max_age=max_age, now=at(now)).cycles


def engine(judge: Book) -> Engine:
    """An engine on empty shelves."""
    return Engine(judge, Speaker("/t", 0), DictShelf(), DictShelf())


def running(on: Engine) -> Iterator[tuple[str, str, Cycle]]:
    """Workflow, item and cycle of all that runs or is paused, from the histories."""
    for key, value in list(on.items.items()):
        if not key.startswith(OWN) and (state := states.decode(value)).history:
            workflow, _, item = key.decode().partition(":")
            for cycle in folded(state, on.book.settings, on.now, on.chain.ages).cycles:
                if cycle.running:
                    yield workflow, item, cycle


def step(on: Engine, *lines: bytes) -> Effects:
    """Fold lines in as one step; the handle of each is the line itself."""
    return on.step([(read(line), line) for line in lines])


def shown(instant: str) -> str:
    """`11-10T10:00` of an instant's text; seconds only if they are not zero, the year unless it is 2026."""
    text = instant.removesuffix("Z").removesuffix(":00") if instant.count(":") == 2 else instant
    return text.removeprefix("2026-")


def line(alert: Alert) -> str:
    """When, what, and why: the id without the part that names the cycle."""
    tail = alert.id.split(":", 4)[-1] if alert.data.opened_at else alert.id
    return " ".join(filter(None, [shown(alert.time), tail, alert.data.reason]))


def lines(alerts: Iterable[Alert]) -> list[str]:
    """What was said, in order."""
    return [line(alert) for alert in alerts]


def run(judge: Book, events: Iterable[bytes], until: str | None = None) -> backtest.Result:
    """A backtest of a log."""
    return backtest.run(judge, events, None if until is None else at(until))


def said(judge: Book, events: Iterable[bytes], until: str | None = None) -> list[str]:
    """What a backtest of a log says."""
    return lines(run(judge, events, until).alerts)
