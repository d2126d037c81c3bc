"""A worker's HTTP interface without a broker: engines that are driven by hand, commands that are kept in a list."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from aiohttp import ClientResponse, ClientSession
from aiohttp.test_utils import TestServer
from faust.web.drivers.aiohttp import Web

from schemas import instants
from schemas.events import Event, decode
from schemas.policy_file import parse
from streams.app import Portalwatch, create
from streams.core.book import Book
from streams.core.engine import Engine
from streams.core.shelf import DictShelf
from streams.core.voice import Speaker
from streams.settings import load

POLICY = b"""
version: "7"
calendars:
  clinic: {timezone: America/Chicago, hours: {mon-fri: 08:00-12:00 12:30-17:00}}
  always: {timezone: UTC, hours: {daily: 00:00-24:00}}
departments:
  cardiology: {calendar: clinic, pool: cardiology-nurses, on_call: cardiology-oncall, guide: https://guides/c}
  oncology: {calendar: always, pool: oncology-nurses}
defaults: {calendar: clinic, pool: desk, on_call: call, champion: committee}
clocks:
  - name: reply
    workflow: message
    rules: [{within: 4 business hours}]
    stages:
      - {name: due-soon, at: 50%}
      - {name: missed, at: due, severity: critical, notify: on_call}
  - name: release
    workflow: result
    rules: [{within: 10 days}]
    attempts: {count: 2, within: 3 days}
    stages: [{name: gone, at: due}]
settings: {lead: 0 minutes, ack_for: 1 business hours, silent_feed: {appointment: 1 hour}}
"""
MONDAY = instants.parse("2026-11-02T14:00:00Z")
"""08:00 in Chicago."""
MINUTE, HOUR = 60_000_000, 3_600_000_000
MARKER = "p-4821"
"""The patient of every event: it must not be in any answer."""
READER, ACTOR, NURSE, OLD = "pw_reader", "pw_actor", "pw_nurse", "pw_old"
KEY = "k" * 40
ALERT = "message:m-1:reply:20261102T140000Z:due-soon"


def tokens(folder: Path, more: str = "") -> Path:
    """A tokens' file: one who reads, one who acts, one who acts for cardiology, one whose time is over."""
    path = folder / "tokens.toml"
    given: tuple[tuple[str, str, str], ...] = (
        (READER, "reader", ""),
        (ACTOR, "n.lee", 'scopes = ["read", "act"]'),
        (NURSE, "nurse", 'scopes = ["act"]\ndepartments = ["cardiology"]'),
        (OLD, "old", "expires = 2020-01-01T00:00:00Z"),
    )
    tables = "\n".join(
        f'[[tokens]]\nname = "{name}"\nsha256 = "{sha256(token.encode()).hexdigest()}"\n{rest}'
        for token, name, rest in given
    )
    path.write_text(f'contact = "the portal office"\nkey = "{KEY}"\n{more}\n{tables}\n')
    return path


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def sent(item: str, at: int, verb: str = "message.sent", number: int = 0, /, **data: str) -> Event:
    found = decode(
        json.dumps(
            {
                "specversion": "1.0",
                "id": f"{item}-{verb}-{at}-{number}",
                "source": "/test",
                "type": f"portal.{verb}",
                "subject": item,
                "time": instants.text(at),
                "data": {"patient": MARKER, **data},
            }
        ).encode(),
        (),
    )
    assert isinstance(found, Event), found
    return found


def command(item: str, at: int, verb: str, **data: str) -> Event:
    return sent(item, at, f"command.{verb}", 0, workflow="message", by="n.lee", **data)


class Site:
    """The app of a worker that holds some partitions of `count`, at a moment that stands still."""

    def __init__(self, app: Portalwatch, count: int = 1, held: Iterable[int] = (0,)) -> None:
        self.app, self.now = app, MONDAY
        self.commands: list[dict[str, Any]] = []
        self.members: dict[str, frozenset[int] | None] = {}
        app.watch.partitions = count
        app.watch.clock = cast(Any, SimpleNamespace(now=lambda: self.now, rate=1.0))
        self.book = Book(parse(POLICY.decode()), POLICY)
        app.watch.decree(self.book, 0, 0)
        self.engines = {partition: self.hold(partition) for partition in held}
        cast(Any, app.site)._acts._ready = self._ready
        cast(Any, app.site)._group.members = self._members

    def hold(self, partition: int) -> Engine:
        engine = Engine(self.book, Speaker("/unit", partition), DictShelf(), DictShelf())
        engine.rebuild()
        held = cast(Any, self.app.watch)._held
        held[partition] = SimpleNamespace(engine=engine)
        lane: Any = SimpleNamespace(lost=None, recovered=True, gate=SimpleNamespace(known=self.app.steady.now() + 1e6))
        self.app.lanes.lanes[partition] = lane
        return engine

    def drop(self, partition: int) -> None:
        cast(Any, self.app.watch)._held.pop(partition)
        del self.app.lanes.lanes[partition]

    def take(self, *events: Event, partition: int = 0) -> None:
        """Fold events in, one by one, and fire what is due by now."""
        for event in events:
            self.engines[partition].step([(event, None)], stamp=self.now)
        self.engines[partition].advance(self.now)

    async def _ready(self) -> Site:
        return self

    async def _members(self) -> dict[str, frozenset[int] | None]:
        return self.members

    async def send_and_wait(self, topic: str, value: bytes, key: bytes, *, partition: int, headers: Any) -> None:
        """As a producer."""
        self.commands.append({"topic": topic, "partition": partition, "key": key.decode(), **json.loads(value)})

    async def stop(self) -> None:
        """As a producer."""


def app(folder: Path, **settings: str) -> Portalwatch:
    given = {
        "PORTALWATCH_DATADIR": str(folder / "data"),
        **{f"PORTALWATCH_{k.upper()}": v for k, v in settings.items()},
    }
    return create(load(given))


@asynccontextmanager
async def serving(site: Site) -> AsyncIterator[ClientSession]:
    """A client of the site's server."""
    async with TestServer(cast(Web, site.app.web).web_app) as server, ClientSession(server.make_url("/")) as client:
        yield client


async def problem(answer: ClientResponse) -> str:
    """The detail of a problem, after a look at its form."""
    assert answer.content_type == "application/problem+json", await answer.text()
    found = await answer.json()
    assert found["status"] == answer.status
    assert found["title"]
    return str(found["detail"])
