"""`GET /api/stream`: what changes, as server-sent events, for whoever may see it.

Events: `change` (a `Change`), `reset` (look at the whole again), `status` (a `Status`, every few seconds). Each has an
`id`; a comment keeps the line alive. A person's rights are looked at again with each status.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec
from aiohttp.web import Request, StreamResponse
from aiohttp_sse import EventSourceResponse, sse_response

from schemas import instants
from schemas.policy import WORKFLOWS
from streams.watch import Watch
from streams.web.changes import Changed
from streams.web.forms_acts import Change, Gone, Status
from streams.web.guard import HEADERS
from streams.web.hub import Hub, Subscriber, Told
from streams.web.people import Person
from streams.web.problems import Refused
from streams.web.questions import LONGEST
from streams.web.turns import turn
from streams.web.whole import Whole

MOST: Final = 500
MOST_EACH: Final = 50
"""Streams of one identity."""
STATUS_EVERY: Final = 5.0
SETTLE_SECONDS: Final = 2.0
SETTLE_STEP: Final = 0.05
"""So long a first stream waits for the news of other workers before it says what is missing."""
PING_SECONDS: Final = 10.0
SEND_SECONDS: Final = 20.0


class Line(NamedTuple):
    """One open stream, and what it was asked for."""

    answer: EventSourceResponse
    epoch: str
    workflow: str | None
    department: str | None

    async def send(self, event: str, data: str, number: int) -> None:
        """One event."""
        await self.answer.send(data, id=f"{self.epoch}-{number}", event=event)


class Streams:
    """Serves the hub's events. `again`: who asks, asked anew; raises Refused when he has no rights any more."""

    def __init__(self, hub: Hub, whole: Whole, watch: Watch) -> None:
        self._hub, self._whole, self._watch = hub, whole, watch
        self._open: Counter[str] = Counter()

    async def serve(self, request: Request, person: Person, again: Callable[[], Person]) -> StreamResponse:
        """One stream, until it is closed."""
        workflow, department = _filters(dict(request.query))
        name = f"{person.how}:{person.name}"
        if self._open.total() >= MOST:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, f"{MOST} streams are open; come again", retry=30)
        if self._open[name] >= MOST_EACH:
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, f"{name} has {MOST_EACH} streams open; close one", retry=30)
        after = request.headers.get("Last-Event-ID") or request.query.get("after") or None
        self._open[name] += 1
        try:
            async with sse_response(
                request, headers=HEADERS, ping_interval=PING_SECONDS, send_timeout=SEND_SECONDS
            ) as answer:
                line = Line(answer, self._hub.epoch, workflow, department)
                with self._hub.subscribed(after) as (queue, had), suppress(ConnectionResetError, TimeoutError):
                    await self._send_all(line, queue, had, again)
                return answer
        finally:
            self._open[name] -= 1

    async def _send_all(self, line: Line, queue: Subscriber, after: int, again: Callable[[], Person]) -> None:
        """Events as they come, a status every few seconds; `after`: number of the last event that was had."""
        loop = asyncio.get_running_loop()
        next_status, person = loop.time(), again()
        settled_by = next_status + SETTLE_SECONDS
        while line.answer.is_connected():
            now = loop.time()
            if now >= next_status and (self._hub.settled or now >= settled_by):
                try:
                    person = again()
                except Refused:
                    return
                await line.send("status", self.status(), after)
                next_status = now + STATUS_EVERY
            elif now >= next_status:
                next_status = now + SETTLE_STEP
            try:
                async with asyncio.timeout(max(0.0, next_status - loop.time())):
                    told = await queue.get()
            except TimeoutError:
                continue
            if told is None:
                return
            after = told.number
            await self._tell(line, told, person)

    async def _tell(self, line: Line, told: Told, person: Person) -> None:
        if told.changes is None:
            await line.send("reset", "{}", told.number)
            return
        await turn()
        now = instants.text(self._watch.clock.now())
        change = seen(told.changes, person, line.workflow, line.department, now)
        if change.items or change.gone:
            await line.send("change", msgspec.json.encode(change).decode(), told.number)

    def status(self) -> str:
        """How things stand, as JSON."""
        missing = sorted(set(range(self._watch.partitions)) - self._hub.held)
        status = Status(
            seen=self._whole.seen(missing, self._hub.behind), workers=max(1, self._hub.workers),
            members=max(1, self._hub.members), feeds=self._hub.feeds,
        )  # fmt: skip
        return msgspec.json.encode(status).decode()


def seen(changes: Iterable[Changed], person: Person, workflow: str | None, department: str | None, now: str) -> Change:
    """What of these changes a person may see and has asked for."""

    def shown(name: str) -> bool:
        return person.sees(name) and department in (None, name)

    rows, gone = [], []
    for each in changes:
        if workflow not in (None, each.workflow):
            continue
        if each.row is not None and shown(each.row.department):
            rows.append(each.row)
        elif each.was is not None and shown(each.was):
            gone.append(Gone(workflow=each.workflow, item=each.item))
    return Change(now=now, items=rows, gone=gone)


def _filters(given: dict[str, str]) -> tuple[str | None, str | None]:
    known = ("workflow", "department", "after")
    for name, value in given.items():
        if name not in known:
            raise Refused(HTTPStatus.BAD_REQUEST, f"{name}: is not known; known are {', '.join(known)}")
        if len(value) > LONGEST:
            raise Refused(HTTPStatus.BAD_REQUEST, f"{name}: give at most {LONGEST} characters")
    workflow = given.get("workflow") or None
    if workflow is not None and workflow not in WORKFLOWS:
        raise Refused(HTTPStatus.BAD_REQUEST, f"workflow: give one of {', '.join(WORKFLOWS)}")
    return workflow, given.get("department") or None
