"""The readers of `tests.bench.crowd`, against a small server, and what `tests.bench.readers` makes of what they saw."""

from __future__ import annotations

import asyncio
import json
import time
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from tests.bench import crowd, readers
from tests.bench.crowd import BOARDS, HURRY, LEAST, NOBODY, PAGE, Reader, Seen, Visit
from tests.bench.readers import Stretch


class Board:
    """Serves a page, a stream that tells what is put into `news`, and an API that says at first to ask more slowly."""

    def __init__(self) -> None:
        self.news: asyncio.Queue[tuple[str, object]] = asyncio.Queue()
        self.asked: list[tuple[float, str, str]] = []
        self.slow = 1

    def site(self) -> web.Application:
        site = web.Application()
        site.add_routes(
            [web.get("/", self.page), web.get("/api/stream", self.stream), web.get("/api/items", self.page)]
        )
        return site

    async def page(self, request: web.Request) -> web.Response:
        self.asked.append((time.monotonic(), request.path, request.headers["Authorization"]))
        if request.path == "/api/items" and self.slow:
            self.slow -= 1
            return web.Response(status=429, headers={"Retry-After": "0"})
        return web.Response(text="a page")

    async def stream(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        while True:
            kind, data = await self.news.get()
            await answer.write(f"id: 1\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode())


@asynccontextmanager
async def reading(board: Board, sent: dict[str, float], seen: Seen) -> AsyncIterator[Reader]:
    async with TestServer(board.site()) as server, ClientSession(server.make_url("/")) as session:
        yield Reader(session, "t0ken", sent, seen)


async def reached(question: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not question():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def test_a_board_asks_again_after_a_change_and_not_sooner_than_half_a_second() -> None:
    board, seen, sent = Board(), Seen(), {"n-1": time.monotonic(), "n-2": time.monotonic()}
    async with reading(board, sent, seen) as reader, asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in (reader.listen(), reader.keep())]
        await reached(reader.ready.is_set)
        row = {"item": "p-1", "owner": "n-1"}
        for _ in range(3):  # the second and third tell of it again, so they are no news of `n-1`
            board.news.put_nowait(("change", {"items": [row], "gone": []}))
        board.news.put_nowait(("status", {"items": [{"owner": "n-2"}]}))
        await reached(lambda: len(board.asked) == 2)
        assert reader.lacking == 1
        board.news.put_nowait(("reset", {}))
        await reached(lambda: reader.has_reset)
        for task in tasks:
            task.cancel()
    assert reader.lacking == 0
    assert (len(seen.changes), seen.resets) == (1, 1)
    (first, path, token), (second, *_) = board.asked[:2]
    assert (path, token) == ("/", "Bearer t0ken")
    assert second - first >= 0.95 * LEAST
    assert len(seen.pages) == len(board.asked)


async def test_a_program_asks_at_once_and_more_slowly_when_told_to() -> None:
    board, seen = Board(), Seen()
    async with reading(board, {}, seen) as reader, asyncio.TaskGroup() as group:
        task = group.create_task(reader.hurry())
        await reached(lambda: len(seen.pages) > 2)
        task.cancel()
    assert seen.slowed == 1
    assert {path for _, path, _ in board.asked} == {PAGE.partition("?")[0]}


async def test_an_answer_that_is_an_error_ends_it() -> None:
    async with TestServer(web.Application()) as server, ClientSession(server.make_url("/")) as session:
        with pytest.raises(RuntimeError, match="/api/stream is answered with 404"):
            await Reader(session, "", {}, Seen()).listen()


async def test_who_was_not_told_in_time_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "PATIENCE", 0.0)
    async with ClientSession() as session:
        with pytest.raises(RuntimeError, match="not told of 1 changes"):
            await crowd._told([Reader(session, "", {"n-1": 0.0}, Seen())])


def test_each_reader_has_a_token_of_its_own(tmp_path: Path) -> None:
    known = tomllib.loads(readers.known(tmp_path, ["one", "two"]).read_text())
    digests = {each["sha256"]: each["name"] for each in known["tokens"]}
    names = [digests[sha256(token.encode()).hexdigest()] for token in ("one", "two")]
    assert names == ["reader-0", "reader-1"]


def test_an_alert_is_late_by_the_workers_clock() -> None:
    def alert(kind: str, subject: str) -> dict[str, object]:
        data = {"stage_at": "2026-11-05T16:00:00Z"}
        return {"type": f"portal.alert.{kind}", "subject": subject, "data": data, "appended": 1_000_000_000.25}

    ahead = 1_793_894_400 - 1_000_000_000
    alerts = [alert("fired", "soon-b0-4"), alert("resolved", "soon-b0-4"), alert("fired", "soon-b1-4")]
    assert readers.lateness(alerts, "soon-b0-", ahead) == [pytest.approx(250.0)]


@pytest.mark.parametrize(("share", "value"), [(0.5, 50.0), (0.99, 99.0), (1, 100.0), (0.001, 1.0)])
def test_a_percentile_is_one_of_the_values(share: float, value: float) -> None:
    assert readers.percentile([float(each) for each in range(100, 0, -1)], share) == value


def test_each_kind_of_stretch_has_its_figures() -> None:
    seen = Seen(pages=[10.0, 30.0], changes=[100.0, 200.0], resets=2, seconds=4.0)
    found = {
        how: [Stretch(Visit("it", how, (), 60, 4.0), seen, [70.0, 80.0], [1.0, 5.0])] for how in (NOBODY, BOARDS, HURRY)
    }
    figures = {figure.name: figure for figure in readers.figures(found, 60, 5)}
    assert {name: figure.values for name, figure in figures.items() if name.startswith(("no", "5 boards"))} == {
        "no reader: alert late, p50": (70.0,),
        "no reader: alert late, p99": (80.0,),
        "no reader: worker's loop held, longest": (5.0,),
        "5 boards: pages": (0.5,),
        "5 boards: page, p50": (10.0,),
        "5 boards: page, p99": (30.0,),
        "5 boards: change seen, p50": (100.0,),
        "5 boards: change seen, p99": (200.0,),
        "5 boards: change seen, longest": (200.0,),
        "5 boards: alert late, p50": (70.0,),
        "5 boards: alert late, p99": (80.0,),
        "5 boards: worker's loop held, longest": (5.0,),
    }
    assert figures["5 programs in a hurry: answers"].values == (0.5,)
    assert figures["5 boards: change seen, p50"].note.endswith("told to look at the whole again: 2 times")
