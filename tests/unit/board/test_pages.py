"""The pages of a worker without a broker: what they say in each state, and what they never say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.unit.web.site import (
    ACTOR,
    HOUR,
    MARKER,
    MINUTE,
    MONDAY,
    READER,
    Site,
    app,
    bearer,
    command,
    sent,
    serving,
    tokens,
)


@asynccontextmanager
async def pages(
    folder: Path, count: int = 1, token: str = ACTOR, hours: float = 0.0
) -> AsyncIterator[tuple[Site, ClientSession]]:
    site = Site(app(folder, tokens=str(tokens(folder))), count)
    site.now = MONDAY + round(hours * HOUR)
    async with serving(site) as client:
        client.headers.update(bearer(token))
        yield site, client


async def text(client: ClientSession, path: str = "/", status: int = 200) -> str:
    async with client.get(path) as answer:
        assert answer.status == status
        assert answer.content_type == "text/html"
        found = await answer.text()
    assert MARKER not in found
    return " ".join(found.split())


async def test_nothing_is_pending(tmp_path: Path) -> None:
    async with pages(tmp_path) as (_, client):
        assert "Nothing is due before 17:00.<" in await text(client)
        assert "Nothing is missed.<" in await text(client, "/?state=missed")
        assert "Nothing waits for a patient.<" in await text(client, "/?state=paused")
        assert "Nothing matches “m-1”." in await text(client, "/?q=m-1")
        assert "Nothing was resolved in the last 24 hours" in await text(client, "/?state=resolved")


async def test_what_comes_next_is_told_where_nothing_is_due_today(tmp_path: Path) -> None:
    async with pages(tmp_path, hours=8) as (site, client):  # 16:00: four open hours on are tomorrow at eleven
        site.take(sent("m-1", site.now, department="cardiology"))
        assert "Nothing is due before 17:00. Next: Tue 11:00, cardiology." in await text(client)
        site.now += 2 * HOUR
        found = await text(client)
        assert "Nothing more is due today. Next: Tue 11:00, cardiology." in found
        assert "closed until Tue 08:00" in found
        assert "3 h open" in found


async def test_a_row_says_how_it_stands(tmp_path: Path) -> None:
    async with pages(tmp_path) as (site, client):
        site.take(sent("m-1", site.now, department="cardiology", priority="urgent", kind="refill", owner="lin"))
        site.now += round(2.5 * HOUR)
        site.take()
        found = await text(client)
        for part in ("1 h 30 open", "due 12:00", "Due soon", "urgent, refill", "told cardiology-nurses", "lin"):
            assert part in found, part
        assert "Acknowledge<" in found
        site.take(command("m-1", site.now, "acknowledged"))
        found = await text(client)
        assert "acknowledged by n.lee until 11:30" in found
        assert "Acknowledge<" not in found
        site.now += 2 * HOUR
        site.take()
        found = await text(client)
        assert "was due 12:00" in found
        assert "Missed" in found
        site.take(sent("m-1", site.now, "message.replied"))
        assert "m-1" not in (await text(client)).partition("Resolved in the last")[0].partition('id="list"')[2]
        assert ">m-1</a>" in await text(client, "/?open=resolved")


async def test_elapsed_time_is_left_and_a_pause_stands_still(tmp_path: Path) -> None:
    async with pages(tmp_path) as (site, client):
        site.take(sent("r-1", site.now, "result.promised", department="oncology"))
        site.take(sent("m-1", site.now, department="cardiology"))
        site.take(sent("m-1", site.now + 1, "message.awaiting_patient"))
        found = await text(client)
        assert "10 d left" in found
        assert ">paused</span>" in found


async def test_what_cannot_be_seen_is_said(tmp_path: Path) -> None:
    async with pages(tmp_path, count=3) as (site, client):
        site.take(sent("m-1", site.now, department="cardiology"))
        found = await text(client)
        assert "Not complete: 2 of 3 partitions cannot be seen now." in found
        assert ">m-1</a>" in found
        found = await text(client, "/items/message/m-2", 503)
        assert "Not now" in found
        async with client.get("/items/message/m-2") as answer:
            assert answer.headers["Refresh"] == answer.headers["Retry-After"]


async def test_catching_up_is_said(tmp_path: Path) -> None:
    async with pages(tmp_path) as (site, client):
        lane: Any = site.app.lanes.lanes[0]
        lane.gate = SimpleNamespace(known=0.0)
        assert "Not complete: 1 of 1 partitions are still catching up" in await text(client)


async def test_a_worker_that_starts_is_asked_again(tmp_path: Path) -> None:
    async with pages(tmp_path, count=0) as (_, client):
        assert "The worker is starting" in await text(client, status=503)


async def test_who_may_only_read_has_no_buttons(tmp_path: Path) -> None:
    async with pages(tmp_path, token=READER) as (site, client):
        site.take(sent("m-1", site.now, department="cardiology"))
        found = await text(client)
        assert "reader may read, not act. Ask the portal office." in found
        assert 'data-act="take"' not in found


async def test_without_an_identity_anybody_on_the_machine_may_read(tmp_path: Path) -> None:
    async with serving(Site(app(tmp_path))) as client:
        assert "Acting needs an identity" in await text(client)


@pytest.mark.parametrize("path", ["/", "/items/message/m-1", "/refs/000000000000"])
async def test_nobody_gets_more_than_the_way_in(path: str, tmp_path: Path) -> None:
    async with serving(Site(app(tmp_path, tokens=str(tokens(tmp_path))))) as client:
        assert "Who are you?" in await text(client, path, 401)


@pytest.mark.parametrize(
    "query", ["show=51", "state=late", "open=all", "workflow=fax", "color=red", "state=missed&state=paused", "after=x"]
)
async def test_what_cannot_be_asked_is_refused_as_a_page(query: str, tmp_path: Path) -> None:
    async with pages(tmp_path) as (_, client):
        found = await text(client, f"/?{query}", 400)
        assert query.partition("=")[0].capitalize() in found


async def test_a_page_of_what_is_not_there(tmp_path: Path) -> None:
    async with pages(tmp_path) as (_, client):
        for path in (
            "/items/fax/m-1",
            "/items/message/a%20b",
            "/items/message/m-1",
            "/refs/short",
            "/refs/000000000000",
        ):
            assert "<h1>Not Found</h1>" in await text(client, path, 404)


async def test_a_story_of_an_item_that_came_back(tmp_path: Path) -> None:
    async with pages(tmp_path) as (site, client):
        site.take(sent("m-1", site.now, department="cardiology"))
        site.now += 5 * HOUR
        site.take()
        site.take(sent("m-1", site.now, "message.replied"))
        site.now += HOUR
        site.take(sent("m-1", site.now, "message.sent", 1))
        site.now += 30 * MINUTE
        site.take(sent("m-1", site.now, "message.awaiting_patient"))
        found = await text(client, "/items/message/m-1")
        for part in (
            "Before that",
            "Answered, or closed without need",
            "Waiting for the patient",
            "cardiology-oncall told",
        ):
            assert part in found, part


async def test_names_are_quoted(tmp_path: Path) -> None:
    async with pages(tmp_path) as (site, client):
        site.take(sent("m-1", site.now, department="<b>x</b>", owner='"><script>1</script>', kind="<i>"))
        for path in ("/", "/items/message/m-1"):
            found = await text(client, path)
            assert "<b>x" not in found
            assert "<script>1" not in found
            assert "<i>" not in found.replace('<i class="', "")


async def test_files_stand_under_a_digest(tmp_path: Path) -> None:
    async with pages(tmp_path) as (_, client):
        sheet = (await text(client)).partition('rel="stylesheet" href="')[2].partition('"')[0]
        async with client.get(sheet) as answer:
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.content_type == "text/css"
            tag = answer.headers["ETag"]
        async with client.get(sheet, headers={"If-None-Match": tag}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
        async with client.get("/static/0000/board.js") as answer:  # a page of another version
            assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
        async with client.get("/static/0000/../pages.py") as answer:
            assert answer.status == 404
