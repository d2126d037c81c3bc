"""Readers of the board, and what happens meanwhile: the other end of `readers`, in a process of its own.

Theory of operation. A flow of events goes to the messages' topic at an even rate. Half of them assign a pending item,
each to an owner whom no other event names; a quarter open an item whose first stage comes in a moment, so that there
are alerts whose lateness can be told; the rest close those twenty seconds later. Each reader is somebody else, as the
limits count by identity. One kind does what the board's script does (`streams/board/static/live.js`): it holds the
stream and, when something has changed, asks for the page again, no sooner than half a second, and ten times as long as
the last page took, after it asked before. The other asks the API for a page of items, again as soon as it has the
answer, and waits when it is told to. When the flow has ended, every reader of a stream must have seen every owner,
unless it was told to look at the whole again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import msgspec
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from confluent_kafka import Producer

from schemas import instants

NOBODY, BOARDS, HURRY = "nobody", "boards", "hurry"
PER_SECOND: Final = 20
ROUND: Final = 4
"""Events of which the first opens an item that is nearly due, the third closes one, and two assign."""
CLOSED_AFTER: Final = 100 * ROUND
"""Events."""
SOON: Final = 18 * 3_600.0
"""Seconds: what is urgent and was opened so long before ten in the morning of a Thursday is due soon in the policy of
`tests.board.live`: three open hours, one of the day before and two of this."""
AHEAD: Final = 2.0
"""Seconds from such an event to its stage."""
LEAST, SHARE = 0.5, 10
"""As in live.js; seconds."""
PATIENCE: Final = 10.0
"""Seconds that the last changes may take."""
SETTLING: Final = 2.0
"""Seconds after all have come, before anything happens: the first stream of a worker is told to look at the whole."""
PAGE: Final = "/api/items?limit=50"
LONGEST_LINE: Final = 1 << 22


class Place(NamedTuple):
    """Where it happens: the worker's port, its messages' topic, and its clock less the wall's, in seconds."""

    port: int
    bootstrap: str
    topic: str
    ahead: float


class Visit(NamedTuple):
    """Who comes (a token each) and how (`NOBODY`, `BOARDS` or `HURRY`), for how many seconds. `name`: unique."""

    name: str
    how: str
    tokens: tuple[str, ...]
    rows: int
    seconds: float


@dataclass
class Seen:
    """Milliseconds of each page or answer, and of each change, to each reader; times that one was told `reset`."""

    pages: list[float] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)
    resets: int = 0
    opened: int = 0
    """Items that were opened nearly due."""
    seconds: float = 0.0
    """That they stayed, once it had begun."""
    slowed: int = 0
    """Times that somebody was told to ask more slowly."""


def visit(place: Place, given: Visit) -> Seen:
    """Let them come, and go. RuntimeError: an answer was an error, or a change was not told."""
    return asyncio.run(_visit(place, given))


async def _visit(place: Place, given: Visit) -> Seen:
    seen, sent = Seen(), dict[str, float]()
    session = ClientSession(
        f"http://127.0.0.1:{place.port}", connector=TCPConnector(limit=0), cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=None, sock_connect=30), read_bufsize=LONGEST_LINE,
    )  # fmt: skip
    async with session, asyncio.TaskGroup() as group:
        readers = [Reader(session, token, sent, seen) for token in given.tokens if given.how != NOBODY]
        kinds = (Reader.listen, Reader.keep) if given.how == BOARDS else (Reader.hurry,)
        tasks = [group.create_task(kind(reader)) for reader in readers for kind in kinds]
        for reader in readers:
            await reader.ready.wait()
        await asyncio.sleep(SETTLING)
        seen.pages.clear()
        seen.resets = seen.slowed = 0
        for reader in readers:
            reader.has_reset = False
        begin = time.monotonic()
        await _flow(place, given, sent, seen)
        if given.how == BOARDS:
            await _told(readers)
        seen.seconds = time.monotonic() - begin
        for task in tasks:
            task.cancel()
    return seen


async def _flow(place: Place, given: Visit, sent: dict[str, float], seen: Seen) -> None:
    producer = Producer({"bootstrap.servers": place.bootstrap, "partitioner": "murmur2_random", "linger.ms": 0})
    begin, number = time.monotonic(), 0
    while (now := time.monotonic() - begin) < given.seconds:
        while number < now * PER_SECOND:
            match number % ROUND:
                case 0 if now < given.seconds - AHEAD - 1:
                    item, value = _opened(place, given, number)
                    seen.opened += 1
                case 2 if number >= CLOSED_AFTER:
                    item = f"soon-{given.name}-{number - 2 - CLOSED_AFTER}"
                    value = _event(place, item, item, "replied", 0)
                case _:
                    item, owner = f"many-{number % given.rows}", f"{given.name}-{number}"
                    value, sent[owner] = _event(place, owner, item, "assigned", 0, owner=owner), time.monotonic()
            producer.produce(place.topic, value, item)
            number += 1
        producer.poll(0)
        await asyncio.sleep(0.005)
    if await asyncio.to_thread(producer.flush, PATIENCE):
        raise RuntimeError("the broker did not take the events")


def _opened(place: Place, given: Visit, number: int) -> tuple[str, bytes]:
    """An item whose first stage comes in AHEAD seconds."""
    item = f"soon-{given.name}-{number}"
    return item, _event(place, item, item, "sent", SOON - AHEAD, priority="urgent", department="primary-care")


def _event(place: Place, name: str, item: str, verb: str, ago: float, **data: str) -> bytes:
    at = time.time() + place.ahead - ago
    event: dict[str, Any] = {
        "specversion": "1.0", "id": f"{name}-{verb}", "source": "/clinic", "type": f"portal.message.{verb}",
        "subject": item, "time": instants.text(round(at * 1e6)), "data": data,
    }  # fmt: skip
    return msgspec.json.encode(event)


async def _told(readers: list[Reader]) -> None:
    end = time.monotonic() + PATIENCE
    while lacking := max(reader.lacking for reader in readers):
        if time.monotonic() > end:
            raise RuntimeError(f"a reader was not told of {lacking} changes within {PATIENCE:.0f} s")
        await asyncio.sleep(0.02)


class Reader:
    """One of them. `sent`: when each owner was sent (monotonic seconds)."""

    def __init__(self, session: ClientSession, token: str, sent: Mapping[str, float], seen: Seen) -> None:
        self._session, self._sent, self._seen = session, sent, seen
        self._headers = {"Authorization": f"Bearer {token}"}
        self._changed = asyncio.Event()
        self._owners: set[str] = set()
        self.has_reset = False
        """Whether it was told to look at the whole again."""
        self._open = asyncio.Event()
        self.ready = asyncio.Event()
        """Set when it has what it came for."""

    @property
    def lacking(self) -> int:
        """Changes of which it has not heard, though it had to."""
        return 0 if self.has_reset else len(self._sent) - len(self._owners)

    async def listen(self) -> None:
        """Hold the stream."""
        async with self._session.get("/api/stream", headers=self._headers) as answer:
            _check(answer.status, "/api/stream")
            self._open.set()
            kind = ""
            async for line in answer.content:
                name, _, value = line.rstrip(b"\r\n").partition(b": ")
                if name == b"event":
                    kind = value.decode()
                elif name == b"data":
                    self._hear(kind, value)
        raise RuntimeError("a stream ended")

    def _hear(self, kind: str, data: bytes) -> None:
        now = time.monotonic()
        if kind == "reset":
            self.has_reset = True
            self._seen.resets += 1
        if kind in ("reset", "change"):
            self._changed.set()
        if kind == "change":
            for row in msgspec.json.decode(data).get("items", ()):
                owner = row.get("owner")
                if owner in self._sent and owner not in self._owners:
                    self._owners.add(owner)
                    self._seen.changes.append(1e3 * (now - self._sent[owner]))

    async def keep(self) -> None:
        """With the stream open, ask for the board's page, and again when something has changed."""
        await self._open.wait()
        while True:
            self._changed.clear()
            asked = time.monotonic()
            took = await self._get("/", Accept="text/html")
            self.ready.set()
            await self._changed.wait()
            await asyncio.sleep(max(0.0, asked + max(LEAST, took * SHARE) - time.monotonic()))

    async def hurry(self) -> None:
        """Ask the API, again and again; wait, when told to ask more slowly."""
        while True:
            await self._get(PAGE)
            self.ready.set()

    async def _get(self, path: str, **headers: str) -> float:
        """The seconds that an answer took, read to its end; if it is to ask more slowly, 0, after the wait."""
        begin = time.monotonic()
        async with self._session.get(path, headers={**self._headers, **headers}) as answer:
            if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
                self._seen.slowed += 1
                await asyncio.sleep(float(answer.headers["Retry-After"]))
                return 0.0
            _check(answer.status, path)
            await answer.read()
        took = time.monotonic() - begin
        self._seen.pages.append(1e3 * took)
        return took


def _check(status: int, path: str) -> None:
    if status != 200:
        raise RuntimeError(f"{path} is answered with {status}")
