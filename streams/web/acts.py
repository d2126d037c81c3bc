"""What staff do: acknowledge, snooze, assign. Each act is one command on the topic, confirmed before it is answered.

Theory of operation. A command cannot be taken back: it is part of the item's history from the moment the broker has it.
So undo is another command where one says the opposite: an assignment is undone by assigning to who had it before (to
the pool where nobody had it: `owner` falls back to the pool, so to name it is to give it back), a snooze by one that
ends at the end of the snooze before. The answer has that request ready in `undo`; `if_owner` keeps it from taking an
item away from somebody who took it meanwhile. Nothing says the opposite of an acknowledgement (R8), so its answer has
no `undo`: who offers to undo one waits before he sends it. That is on the safe side: what is lost then is a silence,
not an alarm. An assignment must not wait, since others look at who has the item.

`Idempotency-Key` becomes the command's id, so to repeat a request changes nothing (R4).
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas import instants
from schemas.policy import DAY, MINUTE
from streams.core.book import Book
from streams.web import acting
from streams.web.acting import ACKNOWLEDGED, ASSIGNED, SNOOZED, Command
from streams.web.forms import Item
from streams.web.forms_acts import Act, Assign, Snooze, Undo
from streams.web.people import Person
from streams.web.problems import RETRY_SECONDS, Refused

CONFIRM_SECONDS: Final = 10.0
SNOOZE_MOST: Final = 31 * DAY
SNOOZE_USUAL: Final = 60 * MINUTE


class Acts:
    """Sends commands. `now`: microseconds of the clock that judges; `client`: what every client of the broker needs."""

    def __init__(self, client: Mapping[str, Any], topic: str, app_id: str, now: Callable[[], int]) -> None:
        self._client, self._topic, self._now = client, topic, now
        self._source = acting.source(app_id)
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def acknowledge(self, item: Item, person: Person, act: str | None) -> Act:
        """Acknowledge what fires of an item."""
        return await self._send(self._command(ACKNOWLEDGED, item, person, act, {}), None)

    async def snooze(self, alert: str, item: Item, person: Person, act: str | None, given: Snooze) -> Act:
        """Hold back the stages before the due. Refused: 422, until when cannot be."""
        now = self._now()
        until = until_of(given, item, now)
        before = item.cycles[-1].snoozed_until
        ends = before if before is not None and instants.parse(before) > now else instants.text(now)
        undo = Undo(method="POST", path=f"/api/alerts/{quote(alert, safe=':')}/snooze", body={"until": ends})
        return await self._send(self._command(SNOOZED, item, person, act, {"until": instants.text(until)}), undo)

    async def assign(self, item: Item, person: Person, act: str | None, given: Assign, book: Book) -> Act:
        """Say who has an item. Refused: 409, somebody else has it; 422 or 403, the department cannot be."""
        row = item.row
        if given.if_owner is not None and given.if_owner != (row.owner or ""):
            who = row.owner or "nobody"
            raise Refused(HTTPStatus.CONFLICT, f"{who} has it now; look at it again, or leave out if_owner")
        allowed(given, person, book)
        data = {k: v for k in ("owner", "pool", "department") if (v := getattr(given, k)) is not None}
        if not data:
            data = {"owner": person.name}
        back = {"owner": row.owner or row.pool or row.department}
        if given.pool is not None or given.department is not None:
            back["pool"] = row.pool or row.department
        if given.department is not None:
            back["department"] = row.department
        if "owner" in data:
            back["if_owner"] = data["owner"]
        undo = Undo(method="POST", path=f"/api/items/{row.workflow}/{row.item}/assign", body=back)
        return await self._send(self._command(ASSIGNED, item, person, act, data), undo)

    async def close(self) -> None:
        """Let the connection go; what was answered for is confirmed."""
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                async with asyncio.timeout(CONFIRM_SECONDS):
                    await producer.stop()
            except TimeoutError:
                return

    def _command(self, type_: str, item: Item, person: Person, act: str | None, data: dict[str, str]) -> Command:
        row = item.row
        return Command(
            id=act or str(uuid.uuid4()), type=type_, workflow=row.workflow, item=row.item, partition=row.partition,
            by=person.name, at=self._now(), data=data,
        )  # fmt: skip

    async def _send(self, command: Command, undo: Undo | None) -> Act:
        value = acting.encoded(command, self._source)
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                producer = await self._ready()
                await producer.send_and_wait(
                    self._topic, value, command.item.encode(), partition=command.partition,
                    headers=[("content-type", b"application/cloudevents+json; charset=UTF-8")],
                )  # fmt: skip
        except (KafkaError, TimeoutError, OSError) as error:
            raise Refused(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"the broker has not confirmed it ({type(error).__name__}); it may have it all the same: repeat it "
                f"with the header Idempotency-Key: {command.id}",
                retry=RETRY_SECONDS,
            ) from None
        return Act(
            act=command.id, type=command.type, workflow=command.workflow, item=command.item,
            partition=command.partition, at=instants.text(command.at), by=command.by,
            until=command.data.get("until"), undo=undo,
        )  # fmt: skip

    async def _ready(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(**self._client, acks="all")
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer


def until_of(given: Snooze, item: Item, now: int) -> int:
    """Until when a snooze lasts, in microseconds.

    Raises:
        Refused: 422, with what would be right.
    """
    if sum((given.until is not None, given.minutes is not None, given.last_useful)) > 1:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "give one of until, minutes, last_useful")
    if given.last_useful:
        last = item.cycles[-1].last_useful_at
        if last is None:
            raise Refused(
                HTTPStatus.UNPROCESSABLE_ENTITY, "last_useful: nobody is told of it any more before its due; assign it"
            )
        return instants.parse(last)
    if given.until is None:
        return now + (SNOOZE_USUAL if given.minutes is None else round(given.minutes * MINUTE))
    try:
        until = instants.parse(given.until)
    except ValueError as error:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"until: {error}") from None
    if not instants.FIRST <= until <= now + SNOOZE_MOST:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "until: give a moment at most 31 days ahead")
    return until


def allowed(given: Assign, person: Person, book: Book) -> None:
    """Whether an item may go there.

    Raises:
        Refused: 422, the policy has no such department; 403, it is not one of the person's.
    """
    department = given.department
    if department is None:
        return
    known = sorted(book.policy.departments)
    if department not in known:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"department: give one of {', '.join(known)}")
    if not person.sees(department):
        raise Refused(HTTPStatus.FORBIDDEN, f"{person.name} has no rights on {department}")
