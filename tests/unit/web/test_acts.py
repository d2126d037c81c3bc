"""What staff do: each act is one command; what cannot be is told; undo says the opposite (contract section 10)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.web.site import (
    ACTOR,
    ALERT,
    NURSE,
    Site,
    bearer,
    command,
    problem,
    serving,
)

ACTS: list[tuple[str, Any, dict[str, Any]]] = [
    (f"/api/alerts/{ALERT}/acknowledge", {}, {"type": "portal.command.acknowledged"}),
    (f"/api/alerts/{ALERT}/acknowledge", None, {"type": "portal.command.acknowledged"}),
    (f"/api/alerts/{ALERT}/snooze", {}, {"type": "portal.command.snoozed", "until": "2026-11-02T17:00:30Z"}),
    (f"/api/alerts/{ALERT}/snooze", {"minutes": 5}, {"until": "2026-11-02T16:05:30Z"}),
    (f"/api/alerts/{ALERT}/snooze", {"until": "2026-11-02T18:00:00+01:00"}, {"until": "2026-11-02T17:00:00Z"}),
    ("/api/items/message/m-1/assign", {}, {"type": "portal.command.assigned", "owner": "n.lee"}),
    ("/api/items/message/m-1/assign", {"owner": "staff-2", "if_owner": "staff-1"}, {"owner": "staff-2"}),
    ("/api/items/message/m-2/assign", {"owner": "staff-2", "if_owner": ""}, {"owner": "staff-2"}),
    ("/api/items/message/m-1/assign", {"department": "oncology", "pool": "x"}, {"department": "oncology", "pool": "x"}),
]


@pytest.mark.parametrize(("path", "body", "said"), ACTS)
async def test_an_act_is_a_command_on_the_items_partition(
    site: Site, path: str, body: Any, said: dict[str, Any]
) -> None:
    headers = {**bearer(ACTOR), "Idempotency-Key": "act-0001", "Content-Type": "application/json"}
    async with serving(site) as client, client.post(path, headers=headers, json=body) as answer:
        assert answer.status == 202, await answer.text()
        told = await answer.json()
    (sent_command,) = site.commands
    item = "m-2" if "m-2" in path else "m-1"
    assert sent_command["topic"] == "portal.commands"
    assert (sent_command["partition"], sent_command["key"], sent_command["subject"]) == (0, item, item)
    assert (sent_command["id"], sent_command["source"]) == ("act-0001", "/portalwatch/portalwatch/api")
    assert sent_command["time"] == "2026-11-02T16:00:30Z"
    data = {"type": sent_command["type"], **sent_command["data"]}
    assert {key: data[key] for key in said} == said
    assert (data["by"], data["workflow"]) == ("n.lee", "message")
    assert (told["act"], told["by"], told["item"]) == ("act-0001", "n.lee", item)


BAD_ACTS: list[tuple[str, Any, int, str]] = [
    ("/api/alerts/nonsense/acknowledge", {}, 404, "an id is workflow:item:clock:start:stage"),
    ("/api/alerts/message:m-9:reply:20261102T140000Z:due-soon/acknowledge", {}, 404, "no such alert"),
    ("/api/alerts/message:m-4:reply:20261030T160000Z:missed/acknowledge", {}, 409, "the alert is over"),
    (f"/api/alerts/{ALERT}/acknowledge", {"x": 1}, 400, "the body: Object contains unknown field"),
    (f"/api/alerts/{ALERT}/acknowledge", [], 400, "the body: Expected `object`"),
    (f"/api/alerts/{ALERT}/snooze", {"minutes": 0}, 400, "the body: Expected `float` >= 1"),
    (f"/api/alerts/{ALERT}/snooze", {"minutes": 5, "last_useful": True}, 422, "give one of until"),
    (f"/api/alerts/{ALERT}/snooze", {"until": "tomorrow"}, 422, "until: is not RFC 3339"),
    (f"/api/alerts/{ALERT}/snooze", {"until": "2027-11-02T18:00:00Z"}, 422, "at most 31 days ahead"),
    (f"/api/alerts/{ALERT}/snooze", {"last_useful": True}, 422, "nobody is told of it any more"),
    ("/api/items/message/m-4/assign", {}, 409, "not pending any more"),
    ("/api/items/message/m-1/assign", {"if_owner": ""}, 409, "staff-1 has it now"),
    ("/api/items/message/m-1/assign", {"owner": ""}, 400, "the body: Expected `str` of length >= 1"),
    ("/api/items/message/m-1/assign", {"owner": "a\nb"}, 400, "the body: Expected `str` matching regex"),
    ("/api/items/message/m-1/assign", {"department": "zebra"}, 422, "department: give one of cardiology, oncology"),
]


@pytest.mark.parametrize(("path", "body", "status", "detail"), BAD_ACTS)
async def test_an_act_that_cannot_be(site: Site, path: str, body: Any, status: int, detail: str) -> None:
    async with serving(site) as client, client.post(path, headers=bearer(ACTOR), json=body) as answer:
        assert answer.status == status
        assert detail in await problem(answer)
        assert site.commands == []


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"data": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"data": b"\xff", "headers": {"Content-Type": "application/json"}}, 400),
        ({"data": b'{"x": "' + b"y" * 70_000 + b'"}', "headers": {"Content-Type": "application/json"}}, 413),
        ({"json": {}, "headers": {"Idempotency-Key": "short"}}, 400),
    ],
)
async def test_a_body_that_cannot_be_read(site: Site, given: dict[str, Any], status: int) -> None:
    given["headers"] |= bearer(ACTOR)
    async with serving(site) as client, client.post(f"/api/alerts/{ALERT}/acknowledge", **given) as answer:
        assert answer.status == status
        assert await problem(answer)


async def test_a_nurse_gives_nothing_away_to_another_department(site: Site) -> None:
    async with serving(site) as client:
        path, headers = "/api/items/message/m-1/assign", bearer(NURSE)
        assert (await client.post(path, headers=headers, json={"department": "oncology"})).status == 403
        assert (await client.post(path, headers=headers, json={"department": "cardiology"})).status == 202
        assert (await client.post("/api/items/message/m-3/assign", headers=headers, json={})).status == 404


async def test_undo_says_the_opposite(site: Site) -> None:
    async with serving(site) as client:

        async def act(path: str, body: Any) -> Any:
            return await (await client.post(path, headers=bearer(ACTOR), json=body)).json()

        taken = await act("/api/items/message/m-1/assign", {})
        assert taken["undo"]["body"] == {"owner": "staff-1", "if_owner": "n.lee"}
        site.take(command("m-1", site.now, "assigned", owner="n.lee"))
        assert (await (await client.get("/api/items", headers=bearer(ACTOR))).json())["items"][1]["owner"] == "n.lee"
        await act(taken["undo"]["path"], taken["undo"]["body"])
        assert site.commands[-1]["data"]["owner"] == "staff-1"
        nobody = await act("/api/items/message/m-2/assign", {})
        assert nobody["undo"]["body"] == {"owner": "cardiology-nurses", "if_owner": "n.lee"}
        snoozed = await act(f"/api/alerts/{ALERT}/snooze", {})
        assert snoozed["undo"] == {
            "method": "POST", "path": f"/api/alerts/{ALERT}/snooze", "body": {"until": "2026-11-02T16:00:30Z"}
        }  # fmt: skip
        site.take(command("m-1", site.now, "snoozed", until="2026-11-02T17:00:30Z"))
        again = await act(f"/api/alerts/{ALERT}/snooze", {"minutes": 5})
        assert again["undo"]["body"] == {"until": "2026-11-02T17:00:30Z"}
        assert "undo" not in await act(f"/api/alerts/{ALERT}/acknowledge", {})
