"""An `AlertmanagerTeller` on stand-ins: lanes that say what the test says, and receivers on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from aiohttp import web
from aiohttp.test_utils import TestServer

from schemas import alerts, instants
from schemas.alerts import Alert
from schemas.policy_file import parse
from streams.clock import Clock
from streams.core.book import Book
from streams.core.shelf import DictShelf
from streams.delivery import alertmanager
from streams.delivery.answers import Answers, Line
from streams.delivery.service import Delivery
from streams.delivery.sinks import Alertmanager, HttpUrl, Seconds, Sinks, SinksFile
from streams.runtime.steady import Steady
from streams.web.refs import Refs
from tests.unit.delivery.test_discretion import POLICY, SAID
from tests.unit.delivery.test_ownership import Lane, Lanes

SESSION_FOR_EVER = 1e12


def book(text: str = POLICY) -> Book:
    return Book(parse(text), text.encode())


def fired(item: str, at: float, **changed: Any) -> Alert:
    """An alert of an item that fired at these UNIX seconds."""
    time, alert_id = instants.text(round(at * 1e6)), f"message:{item}:reply:20261101T000000Z:missed"
    said = {**SAID, "alert": alert_id, "item": item, "fired_at": time, **changed}
    data = alerts.AlertData(**said)
    return Alert(id=said["alert"], source="/s", type=alerts.FIRED, subject=item, time=time, data=data)


def over(alert: Alert, at: float) -> Alert:
    time = instants.text(round(at * 1e6))
    data = alerts.AlertData(**{**SAID, **_filled(alert.data), "state": "resolved", "resolved_at": time})
    return Alert(
        id=f"{alert.id}:resolved", source="/s", type=alerts.RESOLVED, subject=alert.subject, time=time, data=data
    )  # fmt: skip


def _filled(data: alerts.AlertData) -> dict[str, Any]:
    return {name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not None}


class Receiver:
    """An Alertmanager that keeps what it is sent, and answers as it is told."""

    def __init__(self) -> None:
        self.requests: list[list[dict[str, Any]]] = []
        self.headers: list[Any] = []
        self.answer: Callable[[list[dict[str, Any]]], int] = lambda _: 200
        self.url = ""
        self.says: dict[str, str] = {}
        """Headers of its answers."""
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked = 0

    async def take(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        self.headers.append(request.headers)
        self.asked += 1
        await self.may_answer.wait()
        status = self.answer(body)
        if status == 200:
            self.requests.append(body)
        return web.Response(status=status, headers=self.says)

    @property
    def alerts(self) -> list[dict[str, Any]]:
        return [each for body in self.requests for each in body]


@dataclass
class Journal:
    lines: list[tuple[str, Line]] = field(default_factory=list)

    def note(self, item: str, line: Line) -> None:
        self.lines.append((item, line))


class Clinic:
    """One sink, `clinic`, and its receivers."""

    def __init__(self, receivers: Sequence[Receiver], file: dict[str, Any], environ: dict[str, str]) -> None:
        self.steady, self.behind, self.shelves, self.journal = Steady(), 0.0, dict[int, DictShelf](), Journal()
        self.tail: list[Alert] = []
        self.lanes = Lanes({})
        self._recovered: list[Callable[[int], None]] = []
        self._released: list[Callable[[int], Awaitable[None]]] = []
        lanes = cast(Any, self.lanes)
        lanes.recovered, lanes.released = self._recovered.append, self._released.append
        self.watch = SimpleNamespace(
            listeners=[], book=book(), clock=Clock(), open_alerts=self.shelves.__getitem__,
            topics=SimpleNamespace(alerts="alerts"),
        )  # fmt: skip
        urls = tuple(HttpUrl(each.url) for each in receivers)
        sink = Alertmanager(urls=urls, **{"resend": Seconds(60), **file})
        refs = Refs(b"k")
        delivery = SimpleNamespace(
            app=SimpleNamespace(lanes=lanes, steady=self.steady), watch=self.watch, client={},
            given=SimpleNamespace(advertised_url="http://board"), answers=Answers(["clinic"], self.journal),
            file=SinksFile(Sinks(alertmanager={"clinic": sink}), cast(Any, None), environ), refs=lambda: refs,
            wall=lambda: self.steady.now() - self.behind,
        )  # fmt: skip
        self.answers: Answers = delivery.answers
        self.teller = alertmanager.AlertmanagerTeller(cast(Delivery, delivery), "clinic", sink)
        self.teller._tail = self._tail  # type: ignore[method-assign]

    async def _tail(self, partition: int) -> Any:
        return iter(self.tail)

    def recover(self, partition: int, *open_alerts: Alert) -> None:
        shelf = self.shelves[partition] = DictShelf()
        for alert in open_alerts:
            shelf.put(alert.id.encode(), alerts.encode(alert))
        self.lanes.lanes[partition] = Lane(0.0, session=SESSION_FOR_EVER)
        for fun in self._recovered:
            fun(partition)

    async def release(self, partition: int) -> None:
        del self.lanes.lanes[partition]
        for fun in self._released:
            await fun(partition)

    def say(self, partition: int, *said: Alert) -> None:
        """The broker has confirmed it."""
        for alert in said:
            if alert.type == alerts.FIRED:
                self.shelves[partition].put(alert.id.encode(), alerts.encode(alert))
            else:
                self.shelves[partition].pop((alert.data.alert or "").encode())
        for listener in self.watch.listeners:
            listener(partition, said)


@asynccontextmanager
async def clinic(
    receivers: int = 1, *, environ: dict[str, str] | None = None, **file: Any
) -> AsyncIterator[tuple[Clinic, list[Receiver]]]:
    """A sink at work for the length of a block."""
    there = [Receiver() for _ in range(receivers)]
    servers = []
    for receiver in there:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/api/v2/alerts", receiver.take)
        server = TestServer(app)
        await server.start_server()
        receiver.url = str(server.make_url("")).rstrip("/")
        servers.append(server)
    made = Clinic(there, file, environ or {})
    task = asyncio.create_task(made.teller.run())
    try:
        yield made, there
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        for server in servers:
            await server.close()


async def until(what: Callable[[], Any], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not what():  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.01)
