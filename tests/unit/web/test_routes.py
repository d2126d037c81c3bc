"""Each route's good and bad input, and what is told of it (contract section 10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from schemas import instants
from tests.unit.web.site import (
    ACTOR,
    ALERT,
    HOUR,
    MARKER,
    MINUTE,
    MONDAY,
    NURSE,
    Site,
    app,
    bearer,
    command,
    problem,
    sent,
    serving,
)


async def get(site: Site, path: str, token: str = ACTOR, status: int = 200) -> Any:
    async with serving(site) as client, client.get(path, headers=bearer(token)) as answer:
        text = await answer.text()
        assert answer.status == status, text
        assert MARKER not in text
        return await answer.json()


async def names(site: Site, query: str, token: str = ACTOR) -> list[str]:
    return [row["item"] for row in (await get(site, f"/api/items?{query}", token))["items"]]


@pytest.mark.parametrize(
    ("query", "items"),
    [
        ("", ["m-3", "m-1", "r-1", "m-2"]),
        ("workflow=message", ["m-3", "m-1", "m-2"]),
        ("workflow=result", ["r-1"]),
        ("department=cardiology", ["m-1", "m-2"]),
        ("department=nobody", []),
        ("department=zebra", ["r-1"]),
        ("state=paused", ["m-2"]),
        ("state=due_soon", ["m-3", "m-1"]),
        ("state=on_time", ["r-1"]),
        ("state=missed", []),
        ("state=paused,on_time", ["r-1", "m-2"]),
        ("state=today", ["m-3", "m-1"]),
        ("state=next_hour", []),
        ("state=resolved", ["m-4"]),
        ("held=yes", []),
        ("held=no&state=due_soon", ["m-3", "m-1"]),
        ("q=m-", ["m-3", "m-1", "m-2"]),
        ("q=essage", []),
        ("limit=1", ["m-3"]),
        ("limit=0", []),
    ],
)
async def test_items_by_filter(site: Site, query: str, items: list[str]) -> None:
    assert await names(site, query) == items


async def test_a_department_limits_what_is_seen_and_counted(site: Site) -> None:
    assert await names(site, "", NURSE) == ["m-1", "m-2"]
    assert await names(site, "department=oncology", NURSE) == []
    found = await get(site, "/api/items?limit=0", NURSE)
    assert found["counts"] == {"missed": 0, "next_hour": 0, "today": 1, "paused": 1, "pending": 2}
    assert (await get(site, "/api/items", NURSE))["total"] == 2
    assert [row["data"]["item"] for row in (await get(site, "/api/alerts", NURSE))["alerts"]] == ["m-1"]
    assert (await get(site, "/api/items/message/m-3", NURSE, 404))["status"] == 404


async def test_the_row_of_the_board(site: Site) -> None:
    found = await get(site, "/api/items")
    assert found["seen"] == {"now": "2026-11-02T16:00:30Z", "rate": 1.0, "policy": "7", "partitions": 1}
    assert found["counts"] == {"missed": 0, "next_hour": 0, "today": 2, "paused": 1, "pending": 4}
    assert found["total"] == 4
    row = found["items"][1]
    ref = row.pop("ref")
    assert (await get(site, f"/api/refs/{ref}")) == {"workflow": "message", "item": "m-1"}
    (alert,) = row.pop("alerts")
    assert alert["id"] == ALERT
    assert row == {
        "workflow": "message", "item": "m-1", "partition": 0, "state": "due_soon", "opened_at": "2026-11-02T14:00:00Z",
        "clock": "reply", "due_at": "2026-11-02T18:00:00Z", "soon_at": "2026-11-02T16:00:00Z", "left": 7170.0,
        "counting": True, "changes_at": "2026-11-02T18:00:00Z", "department": "cardiology",
        "pool": "cardiology-nurses", "owner": "staff-1", "priority": "routine", "kind": "refill",
        "guide": "https://guides/c", "timezone": "America/Chicago", "stage": "due-soon", "severity": "warning",
        "recipients": ["cardiology-nurses"],
    }  # fmt: skip
    paused = found["items"][3]
    assert (paused["state"], paused.get("counting", False)) == ("paused", False)
    assert "due_at" not in paused


async def test_pages_follow_one_another_without_gap_or_repeat(site: Site) -> None:
    seen: list[str] = []
    query = "limit=1"
    for _ in range(9):
        page = await get(site, f"/api/items?{query}")
        seen += [row["item"] for row in page["items"]]
        if "next" not in page:
            break
        query = f"limit=1&after={page['next']}"
    assert seen == ["m-3", "m-1", "r-1", "m-2"]


async def test_pages_of_alerts(site: Site) -> None:
    site.now = MONDAY + 9 * HOUR
    site.take()
    whole = [row["data"]["alert"] for row in (await get(site, "/api/alerts"))["alerts"]]
    assert len(whole) == 5
    assert whole[0].startswith("message:m-3:reply")
    seen: list[str] = []
    query = "limit=1"
    while True:
        page = await get(site, f"/api/alerts?{query}")
        seen += [row["data"]["alert"] for row in page["alerts"]]
        if "next" not in page:
            break
        query = f"limit=1&after={page['next']}"
    assert seen == whole


async def test_a_silent_feed_is_told_to_everybody(site: Site) -> None:
    engine = site.engines[0]
    engine.look({"appointment": 3}, site.now)
    engine.look({"appointment": 3}, site.now + 8 * HOUR)
    page = await get(site, "/api/alerts", NURSE)
    assert [row["data"]["stage"] for row in page["alerts"]] == ["feed-silent", "due-soon"]
    feed = page["alerts"][0]["data"]["alert"]
    assert (await get(site, "/api/items", NURSE))["feeds"] == [
        {"workflow": "appointment", "alert": feed, "since": "2026-11-02T16:00:30Z"}
    ]
    async with serving(site) as client:
        answer = await client.post(f"/api/alerts/{feed}/acknowledge", headers=bearer(ACTOR), json={})
        assert answer.status == 409
        assert "feed" in await problem(answer)


async def test_one_item_with_its_explanation(site: Site) -> None:
    found = await get(site, "/api/items/message/m-1")
    assert [each["action"] for each in found["history"]] == ["open"]
    (cycle,) = found["cycles"]
    (clock,) = cycle["clocks"]
    assert [(rung["name"], rung["state"]) for rung in clock["stages"]] == [
        ("due-soon", "firing"),
        ("missed", "to_come"),
    ]
    assert clock["stages"][0]["fired_at"] == "2026-11-02T16:00:00Z"
    assert [(each["why"], each["counted"]) for each in clock["intervals"]] == [("open", True)]
    assert "of open time" in clock["words"]
    assert "last_useful_at" not in cycle
    later = await get(site, "/api/items/message/m-4")
    assert (later["row"]["state"], later["row"]["outcome"]) == ("resolved", "missed")
    assert [rung["state"] for rung in later["cycles"][0]["clocks"][0]["stages"]] == ["covered", "told"]
    looked_up = await get(site, "/api/items/result/r-1")
    assert [rung["state"] for rung in looked_up["cycles"][0]["clocks"][0]["stages"]] == ["to_come", "firing"]


BAD = [
    ("/api/items?workflow=fax", 400, "workflow: give one of message"),
    ("/api/items?state=late", 400, "state: give one or several"),
    ("/api/items?state=resolved,missed", 400, "stands alone"),
    ("/api/items?limit=501", 400, "limit: give a whole number from 0 to 500"),
    ("/api/items?limit=-1", 400, "limit: give"),
    ("/api/items?limit=x", 400, "limit: give"),
    ("/api/items?after=x", 422, "after: give the `next`"),
    ("/api/items?after=WzFd", 422, "after: give the `next`"),
    ("/api/items?held=maybe", 400, "held: give yes or no"),
    ("/api/items?partial=maybe", 400, "partial: give yes or no"),
    ("/api/items?colour=red", 400, "colour: is not known; known are workflow"),
    ("/api/items?limit=1&limit=2", 400, "limit: is given twice"),
    (f"/api/items?q={'x' * 201}", 400, "q: give at most 200"),
    ("/api/alerts?state=missed", 400, "state: is not known here"),
    ("/api/items/fax/m-1", 400, "workflow: give one of message"),
    ("/api/items/message/m%201", 400, "item: give 1 to 128"),
    (f"/api/items/message/{'x' * 129}", 400, "item: give 1 to 128"),
    ("/api/items/message/m-9", 404, "no such item"),
    ("/api/items/result/m-1", 404, "no such item"),
    ("/api/refs/short", 400, "ref: give 12 characters"),
    ("/api/refs/000000000000", 404, "no item"),
    ("/api/stream?colour=red", 400, "colour: is not known"),
    ("/api/stream?workflow=fax", 400, "workflow: give one of"),
    ("/table", 404, "no such path"),
    ("/router", 404, "no such path"),
    ("/api/nothing", 404, "no such path"),
]


@pytest.mark.parametrize(("path", "status", "detail"), BAD)
async def test_what_is_wrong_is_told_with_what_would_be_right(site: Site, path: str, status: int, detail: str) -> None:
    async with serving(site) as client, client.get(path, headers=bearer(ACTOR)) as answer:
        assert answer.status == status
        assert detail in await problem(answer)


async def test_what_is_held_is_told_until_when_and_by_whom(site: Site) -> None:
    site.take(command("m-1", site.now, "acknowledged"))
    row = (await get(site, "/api/items?held=yes"))["items"][0]
    assert (row["held_until"], row["acknowledged_by"]) == ("2026-11-02T17:00:30Z", "n.lee")
    site.now += HOUR + MINUTE
    assert await names(site, "held=yes") == []


async def test_what_nobody_answers_for_is_503(tmp_path: Path) -> None:
    site = Site(app(tmp_path), count=3)
    site.take(sent("m-1", MONDAY, department="cardiology"))
    async with serving(site) as client:
        for path in ("/api/items", "/api/alerts", "/api/items/message/m-2", "/api/refs/000000000000"):
            answer = await client.get(path)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
            assert "2 of 3 partitions cannot be seen now (1, 2)" in await problem(answer)
        partial = await (await client.get("/api/items?partial=yes")).json()
        assert partial["seen"]["missing"] == [1, 2]
        assert [row["item"] for row in partial["items"]] == ["m-1"]
        assert (await client.get("/api/items/message/m-1")).status == 200
        site.drop(0)
        assert (await client.get("/api/items/message/m-1")).status == 503
        site.app.watch.partitions = 0
        answer = await client.get("/api/items")
        assert answer.status == 503
        assert "starting" in await problem(answer)


async def test_a_partition_that_has_not_caught_up_is_told(tmp_path: Path) -> None:
    site = Site(app(tmp_path))
    cast(Any, site.app.lanes.lanes[0].gate).known = 0.0
    assert (await get(site, "/api/items"))["seen"]["catching_up"] == [0]


def test_the_moments_of_these_tests() -> None:
    assert instants.text(MONDAY) == "2026-11-02T14:00:00Z"
