"""Several workers: who they are, what they ask each other, what is told once and what is missing (section 10)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from faust.web.drivers.aiohttp import Web

from streams.web.forms import Counts
from streams.web.members import told
from streams.web.peers import GOOD_FOR, HEADER, signature
from streams.web.questions import Found, Of, Part
from streams.web.whole import apart, only
from tests.unit.web.site import (
    ACTOR,
    KEY,
    MARKER,
    MONDAY,
    NURSE,
    Site,
    app,
    bearer,
    problem,
    sent,
    serving,
    tokens,
)

ID = "-3e287185-f860-4561-8f80-51310f8613b6"


def described(*members: tuple[str, str, bytes]) -> Any:
    """A DescribeGroups response: member id, client id and assignment of each."""
    each = [(member_id, client_id, "/10.0.0.1", b"", assignment) for member_id, client_id, assignment in members]
    return SimpleNamespace(groups=[(0, "portalwatch", "Stable", "consumer", "sticky", each)])


def assignment(*partitions: int) -> bytes:
    topics = [("portal.messages", list(partitions)), ("portal.commands", list(partitions))]
    return cast(bytes, ConsumerProtocolMemberAssignment(0, topics, b"").encode())


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ([], {}),
        ([("x" + ID, "http://w1:6066", assignment(0, 2))], {"http://w1:6066": frozenset({0, 2})}),
        ([("http://w1:6066" + ID, "", b"")], {"http://w1:6066": None}),
        ([("faust" + ID, "faust-1", assignment(1))], {}),
        (
            [("a" + ID, "http://w1:1", assignment(0)), ("b" + ID, "http://w1:1", assignment(1))],
            {"http://w1:1": frozenset({0, 1})},
        ),
    ],
)
def test_what_the_group_tells(members: list[tuple[str, str, bytes]], found: dict[str, frozenset[int] | None]) -> None:
    assert told(described(*members)) == found


class Two:
    """Two workers, each with one partition of two; the second is at `url`."""

    def __init__(self, folder: Path, server: TestServer, first: Site, second: Site) -> None:
        self.folder, self.server, self.first, self.second = folder, server, first, second
        self.url = str(server.make_url("")).rstrip("/")


async def two(folder: Path, known: bool, **settings: str) -> Two:
    first, second = Site(app(folder, **settings), 2, [0]), Site(app(folder, **settings), 2, [1])
    server = TestServer(cast(Web, second.app.web).web_app)
    await server.start_server()
    made = Two(folder, server, first, second)
    first.members = {
        first.app.conf.broker_client_id: frozenset({0}) if known else None,
        made.url: frozenset({1}) if known else None,
    }
    first.take(sent("m-1", MONDAY, department="cardiology"), partition=0)
    second.take(sent("m-2", MONDAY, department="cardiology"), partition=1)
    second.take(sent("m-3", MONDAY, department="oncology"), partition=1)
    return made


async def read(client: ClientSession, path: str, status: int = 200, /, **headers: str) -> Any:
    async with client.get(path, headers=headers) as answer:
        text = await answer.text()
        assert answer.status == status, text
        assert MARKER not in text
        return await answer.json()


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("secret", [True, False])
async def test_any_worker_answers_for_all(tmp_path: Path, known: bool, secret: bool) -> None:
    given = {"tokens": str(tokens(tmp_path))} if secret else {}
    headers = bearer(ACTOR) if secret else {}
    made = await two(tmp_path, known, **given)
    try:
        async with serving(made.first) as client:
            page = await read(client, "/api/items", 200, **headers)
            assert [row["item"] for row in page["items"]] == ["m-1", "m-2", "m-3"]
            assert (page["counts"]["pending"], page["total"], page["seen"].get("missing")) == (3, 3, None)
            first = await read(client, "/api/items?limit=2", 200, **headers)
            rest = await read(client, f"/api/items?limit=2&after={first['next']}", 200, **headers)
            assert [row["item"] for row in (*first["items"], *rest["items"])] == ["m-1", "m-2", "m-3"]
            assert "next" not in rest
            item = await read(client, "/api/items/message/m-2", 200, **headers)
            assert item["row"]["partition"] == 1
            assert (await read(client, f"/api/refs/{item['row']['ref']}", 200, **headers))["item"] == "m-2"
            assert (await read(client, "/api/items/message/m-9", 404, **headers))["status"] == 404
            if secret:
                nurse = await read(client, "/api/items", 200, **bearer(NURSE))
                assert [row["item"] for row in nurse["items"]] == ["m-1", "m-2"]
                await read(client, "/api/items/message/m-3", 404, **bearer(NURSE))
                answer = await client.post("/api/items/message/m-2/assign", headers=headers, json={})
                assert answer.status == 202
                assert made.first.commands[0]["partition"] == 1
    finally:
        await made.server.close()


async def test_a_worker_that_does_not_answer_is_missing(tmp_path: Path) -> None:
    made = await two(tmp_path, known=True)
    async with serving(made.first) as client:
        made.second.drop(1)
        assert "(1)" in (await read(client, "/api/items", 503))["detail"]
        await made.server.close()
        assert (await read(client, "/api/items", 503))["missing"] == [1]
        assert (await read(client, "/api/items?partial=yes"))["seen"]["missing"] == [1]
        assert (await read(client, "/api/items/message/m-1"))["row"]["item"] == "m-1"
        assert (await read(client, "/api/items/message/m-2", 503))["missing"] == [1]
        made.first.members = {made.first.app.conf.broker_client_id: frozenset({0, 1})}
        assert "two workers have one WEB_URL" in (await read(client, "/api/items", 503))["detail"]
        made.first.members = {}
        assert (await read(client, "/api/items", 503))["missing"] == [1]


async def test_a_worker_with_another_key_is_not_answered(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    made = await two(tmp_path, known=True, tokens=str(tokens(tmp_path)))
    try:
        path = tmp_path / "tokens.toml"
        path.write_text(path.read_text().replace(KEY, "x" * 40))
        made.first.app.site.identity.people  # noqa: B018 - read again
        path.write_text(path.read_text().replace("x" * 40, "y" * 41))
        made.second.app.site.identity.people  # noqa: B018 - read again
        cast(Any, made.first.app.site.identity)._tokens._path = None
        async with serving(made.first) as client:
            assert (await read(client, "/api/items", 503, **bearer(ACTOR)))["missing"] == [1]
    finally:
        await made.server.close()


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (signature(KEY.encode(), "/internal/v1/items", b"{}", 1_000), 200),
        (signature(KEY.encode(), "/internal/v1/items", b"{}", 1_000 - GOOD_FOR + 1), 200),
        (signature(KEY.encode(), "/internal/v1/items", b"{}", 1_000 - GOOD_FOR - 1), 403),
        (signature(KEY.encode(), "/internal/v1/items", b"{}", 1_000 + GOOD_FOR + 1), 403),
        (signature(KEY.encode(), "/internal/v1/items", b"[]", 1_000), 403),
        (signature(KEY.encode(), "/internal/v1/item", b"{}", 1_000), 403),
        (signature(b"x" * 40, "/internal/v1/items", b"{}", 1_000), 403),
        (signature(b"", "/internal/v1/items", b"{}", 1_000), 403),
        ("t=,v1=", 403),
        ("t=1000", 403),
        ("", 403),
    ],
)
async def test_only_workers_ask_inside(tmp_path: Path, header: str, status: int) -> None:
    site = Site(app(tmp_path, tokens=str(tokens(tmp_path))))
    cast(Any, site.app.site)._internal._wall = lambda: 1_000.0
    async with serving(site) as client:
        answer = await client.post("/internal/v1/items", data=b"{}", headers={HEADER: header, **bearer(ACTOR)})
        assert answer.status == status
        if status != 200:
            assert "only workers ask here" in await problem(answer)


@pytest.mark.parametrize(
    ("headers", "status"),
    [({HEADER: "loopback"}, 200), ({}, 403), ({HEADER: "loopback", "Host": "evil.example"}, 403)],
)
async def test_without_a_secret_the_machine_itself_asks(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async with serving(Site(app(tmp_path))) as client:
        assert (await client.post("/internal/v1/items", data=b"{}", headers=headers)).status == status
        bad = await client.post("/internal/v1/items", data=b'{"limit": "x"}', headers=headers)
        assert bad.status == (400 if status == 200 else status)


def part(*partitions: int) -> Part:
    counts = Counts(missed=0, next_hour=0, today=0, paused=0, pending=1)
    return Part(partitions={partition: Of(counts=counts, total=1) for partition in partitions})


def test_a_partition_is_told_once() -> None:
    first, second, third = apart([part(0, 1), part(1, 2), part(2)])
    assert [list(each.partitions) for each in (first, second, third)] == [[0, 1], [2], []]
    assert only(Found(partitions={0: False, 1: True}), [1]).partitions == {1: True}
