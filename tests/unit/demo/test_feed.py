"""What the demo asks the worker over HTTP, against a small server in the worker's place."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from streams.demo import feed
from streams.demo.board import Board
from tests.unit.demo.test_board import ANSWER


class Worker:
    """Ready at the third question; what it says is pending can be set."""

    def __init__(self) -> None:
        self.asked = 0
        self.pending: object = ANSWER
        self.app = web.Application()
        self.app.router.add_get("/readyz", self._readyz)
        self.app.router.add_get("/api/pending", self._pending)

    async def _readyz(self, request: web.Request) -> web.Response:
        self.asked += 1
        return web.Response(status=200 if self.asked >= 3 else 503)

    async def _pending(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer pw_demo"
        return web.json_response(self.pending)


@pytest.fixture
async def worker() -> AsyncIterator[tuple[Worker, str]]:
    given = Worker()
    async with TestServer(given.app) as server:
        yield given, str(server.make_url("")).rstrip("/")


async def test_it_waits_until_the_worker_is_ready(worker: tuple[Worker, str]) -> None:
    given, url = worker
    async with asyncio.timeout(5):
        await feed.ready(url)
    assert given.asked == 3


async def test_it_waits_for_a_worker_that_is_not_there() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await feed.ready("http://127.0.0.1:1")


async def test_what_is_pending_is_asked_again_and_again(
    worker: tuple[Worker, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given, url = worker
    monkeypatch.setattr(feed, "POLL_EVERY", 0.02)
    board = Board()
    asking = asyncio.create_task(feed.follow_pending(url, "pw_demo", board))
    for answer, answers in ((ANSWER, True), ({"why": "partitions move"}, False), (ANSWER, True)):
        given.pending = answer
        await asyncio.sleep(0.3)
        assert board.answers is answers
        assert sum(board.pending.values()) == 18, "what it last said stands"
    asking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asking
