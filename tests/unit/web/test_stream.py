"""The stream: what is told and to whom, and how one goes on where one was (contract section 10)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import ClientSession

from streams.web import changes, hub, sse
from streams.web.changes import Changed
from streams.web.people import Person
from streams.web.sse import seen
from tests.unit.web.site import (
    ACTOR,
    HOUR,
    MARKER,
    MINUTE,
    MONDAY,
    NURSE,
    READER,
    Site,
    app,
    bearer,
    problem,
    sent,
    serving,
    tokens,
)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A worker of one partition that tells what changes at once."""
    monkeypatch.setattr(changes, "EVERY", 0.01)
    monkeypatch.setattr(hub, "LOOK_EVERY", 0.02)
    made = Site(app(tmp_path, tokens=str(tokens(tmp_path))))
    made.members = {made.app.conf.broker_client_id: frozenset({0})}
    return made


class Stream:
    """Events of an open stream, one by one."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def next(self, *kinds: str) -> tuple[str, Any]:
        """Id and data of the next event of these kinds."""
        async with asyncio.timeout(10):
            while True:
                event: dict[str, str] = {}
                while line := (await self.answer.content.readline()).decode().strip():
                    name, _, value = line.partition(":")
                    event[name] = value.strip()
                assert event or not self.answer.content.at_eof(), "the stream has ended"
                if event.get("event") in kinds:
                    assert MARKER not in event["data"]
                    return event["id"], json.loads(event["data"])


@asynccontextmanager
async def streaming(
    client: ClientSession, token: str = ACTOR, query: str = "", **headers: str
) -> AsyncIterator[Stream]:
    given = {**bearer(token), **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with client.get(f"/api/stream{query}", headers=given) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.content_type == "text/event-stream"
        assert "default-src" in answer.headers["Content-Security-Policy"]
        yield Stream(answer)


async def test_what_changes_is_told(site: Site) -> None:
    async with serving(site) as client, streaming(client) as stream:
        _, status = await stream.next("status")
        assert (status["workers"], status["members"], status["seen"].get("missing")) == (1, 1, None)
        site.take(sent("m-1", MONDAY, department="cardiology", owner="staff-1"))
        _, change = await stream.next("change")
        assert [(row["item"], row["owner"], row["state"]) for row in change["items"]] == [("m-1", "staff-1", "on_time")]
        site.now += 2 * HOUR
        site.take()
        _, change = await stream.next("change")
        assert change["items"][0]["stage"] == "due-soon"
        site.take(sent("m-1", site.now, "message.replied"))
        _, change = await stream.next("change")
        assert (change.get("items"), change["gone"]) == (None, [{"workflow": "message", "item": "m-1"}])


async def test_one_goes_on_where_one_was(site: Site) -> None:
    async with serving(site) as client:
        async with streaming(client) as stream:
            await stream.next("status")
            site.take(sent("m-1", MONDAY))
            had, _ = await stream.next("change")
        site.take(sent("m-2", MONDAY))
        await asyncio.sleep(0.1)
        async with streaming(client, Last_Event_ID=had) as stream:
            number, change = await stream.next("change", "reset")
            assert [row["item"] for row in change["items"]] == ["m-2"]
        async with streaming(client, query=f"?after={had}") as stream:
            assert (await stream.next("change", "reset"))[0] == number
        for unknown in ("nonsense", "00000000-1", f"{had.partition('-')[0]}-999", f"{had.partition('-')[0]}-x"):
            async with streaming(client, Last_Event_ID=unknown) as stream:
                assert (await stream.next("change", "reset"))[1] == {}


async def test_a_status_does_not_run_ahead_of_what_was_sent(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "STATUS_EVERY", 0.01)
    async with serving(site) as client, streaming(client) as stream:
        last = 0
        await stream.next("status")
        for number in range(20):
            site.take(sent(f"m-{number}", MONDAY))
        told = 0
        while told < 20:
            given, event = await stream.next("status", "change", "reset")
            assert int(given.partition("-")[2]) >= last
            last = int(given.partition("-")[2])
            told += len(event.get("items", ()))


async def test_too_many_changes_are_a_reset(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MANY", 3)
    async with serving(site) as client, streaming(client) as stream:
        await stream.next("status")
        for number in range(5):
            site.take(sent(f"m-{number}", MONDAY))
        assert (await stream.next("change", "reset"))[1] == {}


async def test_a_partition_that_moves_is_a_reset(site: Site) -> None:
    async with serving(site) as client, streaming(client) as stream:
        await stream.next("status")
        site.drop(0)
        assert (await stream.next("change", "reset"))[1] == {}
        site.engines[0] = site.hold(0)
        assert (await stream.next("change", "reset"))[1] == {}
        site.take(sent("m-1", MONDAY))
        assert (await stream.next("change"))[1]["items"][0]["item"] == "m-1"


async def test_what_one_may_not_see_is_gone(site: Site) -> None:
    async with serving(site) as client, streaming(client, NURSE) as stream:
        await stream.next("status")
        site.take(sent("m-0", MONDAY, department="oncology"), sent("m-1", MONDAY, department="cardiology"))
        _, change = await stream.next("change")
        assert [row["item"] for row in change["items"]] == ["m-1"]
        site.take(sent("m-1", MONDAY + MINUTE, "message.assigned", department="oncology"))
        _, change = await stream.next("change")
        assert change["gone"] == [{"workflow": "message", "item": "m-1"}]


async def test_who_has_lost_his_rights_hears_no_more(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "STATUS_EVERY", 0.05)
    async with serving(site) as client, streaming(client, READER) as stream:
        await stream.next("status")
        (tmp_path / "tokens.toml").write_text("")
        async with asyncio.timeout(10):
            assert b"event: change" not in await stream.answer.content.read()


async def test_there_are_only_so_many_streams(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MOST_EACH", 1)
    monkeypatch.setattr(sse, "MOST", 2)
    async with serving(site) as client, streaming(client), streaming(client, READER):
        answer = await client.get("/api/stream", headers=bearer(NURSE))
        assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
        monkeypatch.setattr(sse, "MOST", 9)
        answer = await client.get("/api/stream", headers=bearer(READER))
        assert answer.status == 429
        assert "close one" in await problem(answer)


async def test_the_end_of_the_server_ends_the_streams(site: Site) -> None:
    async with serving(site) as client, streaming(client) as stream:
        await stream.next("status")
        await cast(Any, site.app.site)._shut(None)
        async with asyncio.timeout(10):
            await stream.answer.content.read()


async def test_a_listener_that_is_too_slow_begins_anew(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    gatherer = cast(Any, site.app.site)._changes
    with gatherer.listening() as queue:
        for _ in range(changes.WAITING + 1):
            gatherer._say(changes.News())
        assert queue not in gatherer._listeners
        found = [queue.get_nowait() for _ in range(queue.qsize())]
        assert found[-1] is None
    await gatherer.close()
    await site.app.site.local.views.close()


def test_seen_by_filters() -> None:
    changed = [Changed(partition=0, workflow="message", item="m-1", was="cardiology")]
    everybody, nurse = Person("a"), Person("b", departments=frozenset({"cardiology"}))
    assert seen(changed, everybody, None, None, "now").gone
    assert seen(changed, nurse, "message", "cardiology", "now").gone
    for workflow, department in (("result", None), (None, "oncology")):
        assert not seen(changed, everybody, workflow, department, "now").gone
    assert not seen(changed, Person("c", departments=frozenset()), None, None, "now").gone
