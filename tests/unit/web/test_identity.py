"""Who asks, and what is let through: no identity, tokens, sessions, a proxy, a browser's pages (section 10)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.unit.web.site import (
    ACTOR,
    MONDAY,
    NURSE,
    OLD,
    READER,
    Site,
    app,
    bearer,
    problem,
    sent,
    serving,
    tokens,
)

ASSIGN = "/api/items/message/m-1/assign"


def made(folder: Path, more: str = "", **settings: str) -> Site:
    given = settings if settings.pop("alone", None) else {"tokens": str(tokens(folder, more)), **settings}
    site = Site(app(folder, **given))
    site.take(sent("m-1", MONDAY, department="cardiology"))
    return site


async def asked(client: ClientSession, method: str, path: str, **headers: str) -> tuple[int, str]:
    given: dict[str, Any] = {"json": {}} if method == "POST" else {}
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.request(method, path, headers=headers, **given) as answer:
        return answer.status, "" if answer.status < 400 else await problem(answer)


# -- without an identity -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1:6066", "localhost", "LOCALHOST:1", "[::1]:6066"])
async def test_whoever_is_on_this_machine_may_read(tmp_path: Path, host: str) -> None:
    async with serving(made(tmp_path, alone="yes")) as client:
        assert await asked(client, "GET", "/api/items", Host=host) == (200, "")
        assert (await (await client.get("/api/me")).json()) == {"name": "this machine", "scopes": ["read"]}


@pytest.mark.parametrize("host", ["portal.example.org", "127.0.0.1.evil.example", "[", ""])
async def test_a_name_that_was_bound_to_this_machine_may_not(tmp_path: Path, host: str) -> None:
    async with serving(made(tmp_path, alone="yes")) as client:
        for path in ("/api/items", "/api/openapi.json", "/api/stream"):
            status, detail = await asked(client, "GET", path, Host=host)
            assert (status, "Host: is not a name of this machine" in detail) == (421, True)
        assert (await client.get("/healthz", headers={"Host": host})).status == 200


async def test_nobody_may_act(tmp_path: Path) -> None:
    site = made(tmp_path, alone="yes")
    async with serving(site) as client:
        status, detail = await asked(client, "POST", ASSIGN)
        assert (status, "acting needs an identity" in detail) == (403, True)
        status, _ = await asked(client, "POST", ASSIGN, Authorization=f"Bearer {ACTOR}")
        assert (status, site.commands) == (403, [])


# -- tokens --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "reads", "acts"),
    [
        (None, 401, 401),
        ("pw_wrong", 401, 401),
        (OLD, 401, 401),
        (READER, 200, 403),
        (ACTOR, 200, 202),
        (NURSE, 200, 202),
    ],
)
async def test_what_a_token_opens(tmp_path: Path, token: str | None, reads: int, acts: int) -> None:
    async with serving(made(tmp_path)) as client:
        headers = {} if token is None else bearer(token)
        for path in ("/api/items", "/api/alerts", "/api/items/message/m-1", "/api/me"):
            assert (await asked(client, "GET", path, **headers))[0] == reads
        status, detail = await asked(client, "POST", ASSIGN, **headers)
        assert status == acts
        if status >= 400:
            assert detail.endswith("; ask the portal office")
        assert (await asked(client, "GET", "/api/openapi.json"))[0] == 200


@pytest.mark.parametrize("given", ["", "Basic cHc6", "Bearer", "Bearer ", f"bearer{ACTOR}"])
async def test_what_is_no_bearer_token(tmp_path: Path, given: str) -> None:
    async with serving(made(tmp_path)) as client, client.get("/api/me", headers={"Authorization": given}) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_the_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    site = made(tmp_path)
    path = tmp_path / "tokens.toml"
    async with serving(site) as client:
        assert (await asked(client, "GET", "/api/me", **bearer(READER)))[0] == 200
        text = path.read_text()
        path.write_text("nonsense")
        assert (await asked(client, "GET", "/api/me", **bearer(READER)))[0] == 200
        path.write_text(text.replace('name = "reader"', 'name = "writer"'))
        os.utime(path, ns=(1, 1))
        assert (await (await client.get("/api/me", headers=bearer(READER))).json())["name"] == "writer"
        path.write_text("")
        assert (await asked(client, "GET", "/api/me", **bearer(READER)))[0] == 401


# -- sessions ------------------------------------------------------------------------------------------------------


async def test_a_session_is_worth_what_its_token_is(tmp_path: Path) -> None:
    site = made(tmp_path)
    async with serving(site) as client:
        answer = await client.post("/api/session", json={"token": ACTOR})
        assert (answer.status, (await answer.json())["name"]) == (200, "n.lee")
        cookie = answer.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert ACTOR not in cookie
        origin = str(client._base_url).rstrip("/")
        held = {"Cookie": cookie.partition(";")[0]}
        async with ClientSession(client._base_url) as browser:
            assert (await asked(browser, "GET", "/api/items", **held))[0] == 200
            assert (await asked(browser, "POST", ASSIGN, **held)) == (403, "a browser has to give its Origin")
            assert (await asked(browser, "POST", ASSIGN, **held, Origin="http://evil.example"))[0] == 403
            assert (await asked(browser, "POST", ASSIGN, **held, Origin="null"))[0] == 403
            assert (await asked(browser, "POST", ASSIGN, **held, Origin=origin))[0] == 202
            assert (await asked(browser, "POST", ASSIGN, **held, Origin=origin, Sec_Fetch_Site="cross-site"))[0] == 403
            forged = {"Cookie": held["Cookie"][:-1] + ("0" if held["Cookie"][-1] != "0" else "1")}
            assert "not one of ours" in (await asked(browser, "GET", "/api/items", **forged))[1]
            assert "not one of ours" in (await asked(browser, "GET", "/api/items", Cookie="portalwatch-session=x"))[1]
            path = tmp_path / "tokens.toml"
            path.write_text(
                path.read_text().replace('name = "n.lee"', 'name = "n.lee"\nexpires = 2020-01-01T00:00:00Z')
            )
            assert "the session is over" in (await asked(browser, "GET", "/api/items", **held))[1]


async def test_a_session_ends_by_itself(tmp_path: Path) -> None:
    site = made(tmp_path)
    identity, now = site.app.site.identity, 1_800_000_000_000_000
    cookies = {identity.cookie: identity.session(ACTOR, now)}
    assert identity.who({}, cookies, "10.0.0.1", now).how == "session"
    with pytest.raises(Exception, match="the session is over"):
        identity.who({}, cookies, "10.0.0.1", now + 12 * 3_600_000_000)


async def test_with_https_no_other_host_can_set_the_cookie(tmp_path: Path) -> None:
    site = made(tmp_path, web_url="https://board.example.org")
    async with serving(site) as client:
        answer = await client.post("/api/session", json={"token": ACTOR})
        assert answer.headers["Set-Cookie"].startswith("__Host-portalwatch-session=")
        assert "Secure" in answer.headers["Set-Cookie"]
        gone = await client.delete("/api/session", headers={"Origin": "https://board.example.org"})
        assert gone.status == 204
        assert 'portalwatch-session=""' in gone.headers["Set-Cookie"]
        assert (await client.delete("/api/session", headers={"Origin": "http://board.example.org"})).status == 403


async def test_behind_a_proxy_that_speaks_https_the_cookie_is_for_https_alone(tmp_path: Path) -> None:
    async with serving(made(tmp_path)) as client:
        headers = {"Host": "board.example.org", "Origin": "https://board.example.org"}
        answer = await client.post("/api/session", json={"token": ACTOR}, headers=headers)
        assert answer.status == 200
        assert "Secure" in answer.headers["Set-Cookie"]
        answer = await client.post("/api/session", json={"token": ACTOR})
        assert "Secure" not in answer.headers["Set-Cookie"]


async def test_a_wrong_token_gives_no_session(tmp_path: Path) -> None:
    async with serving(made(tmp_path)) as client:
        answer = await client.post("/api/session", json={"token": "pw_wrong"})
        assert answer.status == 401
        assert "Set-Cookie" not in answer.headers


# -- a proxy -------------------------------------------------------------------------------------------------------


async def test_a_proxy_is_believed_by_its_address(tmp_path: Path) -> None:
    site = made(tmp_path, alone="yes", proxy_header="X-User", trusted_proxies="127.0.0.1")
    async with serving(site) as client:
        assert (await asked(client, "GET", "/api/items"))[0] == 401
        assert (await (await client.get("/api/me", headers={"X-User": "n.lee"})).json())["scopes"] == ["act", "read"]
        assert (await asked(client, "POST", ASSIGN, X_User="n.lee"))[0] == 202
        assert site.commands[0]["data"]["by"] == "n.lee"
        away = {"X_User": "n.lee", "X_Forwarded_Host": "board.example.org"}
        assert (await asked(client, "POST", ASSIGN, **away, Origin="https://board.example.org"))[0] == 202
        assert (await asked(client, "POST", ASSIGN, **away, Origin="https://evil.example"))[0] == 403


async def test_another_address_is_not_a_proxy(tmp_path: Path) -> None:
    site = made(tmp_path, proxy_header="X-User", trusted_proxies="10.0.0.0/8")
    async with serving(site) as client:
        assert (await asked(client, "GET", "/api/items", X_User="n.lee"))[0] == 401
        forwarded = {**bearer(ACTOR), "X_Forwarded_Host": "evil.example", "Origin": "http://evil.example"}
        assert (await asked(client, "POST", ASSIGN, **forwarded))[0] == 403
    identity = site.app.site.identity
    assert identity.who({"X-User": "n.lee"}, {}, "10.1.2.3", 0).name == "n.lee"
    assert identity.who({"X-User": "n.lee"}, {}, "::ffff:10.1.2.3", 0).how == "proxy"
    for remote in ("192.168.0.1", "::1", None, "x"):
        with pytest.raises(Exception, match="give a bearer token"):
            identity.who({"X-User": "n.lee"}, {}, remote, 0)


async def test_a_proxys_people_have_the_rights_of_the_file(tmp_path: Path) -> None:
    people = '[[people]]\nname = "kim"\nscopes = ["read"]\ndepartments = ["oncology"]\n'
    site = made(tmp_path, people, proxy_header="X-User", trusted_proxies="127.0.0.1")
    async with serving(site) as client:
        assert (await (await client.get("/api/me", headers={"X-User": "kim"})).json())["departments"] == ["oncology"]
        assert (await asked(client, "GET", "/api/items/message/m-1", X_User="kim"))[0] == 404
        assert (await asked(client, "POST", ASSIGN, X_User="kim"))[0] == 403
        assert "has no rights here" in (await asked(client, "GET", "/api/me", X_User="lee"))[1]
        assert (await asked(client, "GET", "/api/me", X_User="lee", **bearer(READER)))[0] == 200
