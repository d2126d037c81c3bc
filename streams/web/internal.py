"""What other workers ask of this one (`peers`): about the partitions that it holds, and nothing of anybody else's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Final, TypeVar

import msgspec
from aiohttp.web import Request, Response, StreamResponse

from streams.web.changes import Changes
from streams.web.identity import Identity
from streams.web.local import Local
from streams.web.peers import check
from streams.web.problems import Refused
from streams.web.questions import Found, One, Part, Question

AT_ONCE: Final = 64
"""Questions that are being answered."""
Q = TypeVar("Q", Question, One)


class Internal:
    """The handlers. `wall`: UNIX seconds."""

    def __init__(self, local: Local, changes: Changes, identity: Identity, wall: Callable[[], float]) -> None:
        self._local, self._changes, self._identity, self._wall = local, changes, identity, wall
        self._open = 0

    async def items(self, request: Request) -> Response:
        """A `Part`, of a `Question`."""
        return await self._answer(request, Question, self._local.items)

    async def alerts(self, request: Request) -> Response:
        """A `Part`, of a `Question`."""
        return await self._answer(request, Question, self._local.alerts)

    async def item(self, request: Request) -> Response:
        """A `Found`, of a `One`."""
        return await self._answer(request, One, self._local.item)

    async def stream(self, request: Request) -> StreamResponse:
        """News, a line of JSON each."""
        check(self._identity, request, await request.read(), self._wall())
        answer = StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
        await answer.prepare(request)
        with self._changes.listening() as queue, suppress(ConnectionResetError):
            while (news := await queue.get()) is not None:
                await answer.write(msgspec.json.encode(news) + b"\n")
        return answer

    async def _answer(self, request: Request, form: type[Q], ours: Callable[[Q], Awaitable[Part | Found]]) -> Response:
        body = await request.read()
        check(self._identity, request, body, self._wall())
        if self._open >= AT_ONCE:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "too many questions at a time", retry=1)
        self._open += 1
        try:
            asked = msgspec.json.decode(body, type=form)
            return Response(body=msgspec.json.encode(await ours(asked)), content_type="application/json")
        except msgspec.MsgspecError:
            raise Refused(HTTPStatus.BAD_REQUEST, "not a question of this version") from None
        finally:
            self._open -= 1
