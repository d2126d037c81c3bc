"""The gate of every request: pages of others, headers, how often, and what nobody foresaw (contract section 10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from streams.web import guard as guards
from streams.web.rates import Buckets, Rate
from tests.unit.web.site import ACTOR, READER, bearer, problem, serving
from tests.unit.web.test_identity import ASSIGN, asked, made

# -- browsers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 202),
        ({"Origin": "http://board.example.org"}, 202),
        ({"Origin": "HTTP://BOARD.example.org"}, 202),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://board.example.org", "Sec-Fetch-Site": "same-origin"}, 202),
        ({"Origin": "http://board.example.org", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 403),
    ],
)
async def test_where_a_writing_request_comes_from(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async with serving(made(tmp_path, web_url="http://board.example.org")) as client:
        assert (await asked(client, "POST", ASSIGN, **bearer(ACTOR), **headers))[0] == status
        assert (await asked(client, "GET", "/api/items", **bearer(ACTOR), **headers))[0] == 200


async def test_the_headers_of_every_answer(tmp_path: Path) -> None:
    async with serving(made(tmp_path)) as client:
        for path, headers in (("/api/items", bearer(ACTOR)), ("/api/items", {}), ("/nope", {}), ("/healthz", {})):
            answer = await client.get(path, headers=headers)
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
            assert "Access-Control-Allow-Origin" not in answer.headers


# -- how often -----------------------------------------------------------------------------------------------------


async def test_each_has_a_rate_of_his_own(tmp_path: Path) -> None:
    site = made(tmp_path)
    guard = cast(Any, site.app.site.guard)
    guard._reading, guard._acting = Buckets(Rate(3, 0.1)), Buckets(Rate(1, 0.1))
    async with serving(site) as client:
        statuses = [(await asked(client, "GET", "/api/me", **bearer(ACTOR)))[0] for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        assert (await asked(client, "GET", "/api/me", **bearer(READER)))[0] == 200
        assert (await asked(client, "POST", ASSIGN, **bearer(ACTOR)))[0] == 202
        async with client.post(ASSIGN, headers=bearer(ACTOR), json={}) as answer:
            assert answer.status == 429
            assert 8 <= int(answer.headers["Retry-After"]) <= 10


async def test_who_guesses_is_slowed_down(tmp_path: Path) -> None:
    site = made(tmp_path)
    cast(Any, site.app.site.guard)._guessing = Buckets(Rate(4, 0.1))
    async with serving(site) as client:
        assert [(await asked(client, "GET", "/api/me", **bearer("pw_x")))[0] for _ in range(3)] == [401] * 3
        assert (await client.post("/api/session", json={"token": "pw_x"})).status == 401
        assert (await client.post("/api/session", json={"token": "pw_x"})).status == 429
        assert (await asked(client, "GET", "/api/me"))[0] == 429
        assert (await asked(client, "GET", "/api/me", **bearer(ACTOR)))[0] == 200


async def test_what_nobody_foresaw_is_told_without_a_word_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = made(tmp_path)

    async def broken(_asked: Any) -> Any:
        raise RuntimeError("m-1 of p-4821")

    monkeypatch.setattr(site.app.site.whole, "items", broken)
    async with serving(site) as client, client.get("/api/items", headers=bearer(ACTOR)) as answer:
        assert answer.status == 500
        assert await problem(answer) == "the worker's log says what went wrong"


def test_the_paths_that_are_open() -> None:
    assert set(guards.OPEN) == {"/", "/api/session", "/api/openapi.json"}


@pytest.mark.parametrize(
    ("path", "waits"), [("/api/items", True), ("/", True), ("/healthz", False), ("/readyz", False)]
)
async def test_whoever_reads_waits_for_his_turn_and_a_probe_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, waits: bool
) -> None:
    asked_for: list[str] = []

    async def turn() -> None:
        asked_for.append(path)

    monkeypatch.setattr("streams.web.guard.turn", turn)
    async with serving(made(tmp_path, web_url="http://board.example.org")) as client:
        await asked(client, "GET", path, **bearer(ACTOR))
    assert asked_for == [path] * waits
