"""References to cycles: opaque, always the same, of a form that can be read out (contract section 11)."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from streams.core import state as states
from streams.core.shares import Share
from streams.web.local import former
from streams.web.refs import Refs, is_ref
from tests.unit.web.site import HOUR, MINUTE, MONDAY, Site, app, sent
from tests.unit.web.test_routes import get


def test_always_the_same() -> None:
    """Links that were sent yesterday have to work tomorrow: who changes this breaks them."""
    assert Refs(b"key").of("message", "m-1", 1_700_000_000_000_000) == "9qq28hw422vr"


@given(st.binary(min_size=1), st.text("abc-", min_size=1), st.integers(0, 1 << 52))
def test_of_one_cycle_and_one_key(key: bytes, item: str, start: int) -> None:
    ref = Refs(key).of("message", item, start)
    assert is_ref(ref)
    others = {
        Refs(key + b"x").of("message", item, start),
        Refs(key).of("result", item, start),
        Refs(key).of("message", item + "a", start),
        Refs(key).of("message", item, start + 1),
    }
    assert len(others) == 4
    assert ref not in others


def test_what_is_none() -> None:
    for text in ("", "0123456789a", "0123456789abc", "0123456789aI", "0123456789ai", "message:m-1:"):
        assert not is_ref(text)


async def test_a_link_that_was_told_leads_on_when_a_late_event_moves_the_start(tmp_path: Path) -> None:
    site = Site(app(tmp_path))
    site.take(sent("m-1", MONDAY + HOUR, department="oncology"))
    site.now = MONDAY + 6 * HOUR
    site.take()
    (*_, alert) = (await get(site, "/api/alerts"))["alerts"]
    assert alert["data"]["stage"] == "missed"
    site.take(sent("m-1", MONDAY, department="oncology"))
    (row,) = (await get(site, "/api/items"))["items"]
    assert (row["opened_at"], row["stage"]) == ("2026-11-02T14:00:00Z", "missed")
    assert row["ref"] != alert["ref"]
    assert await get(site, f"/api/refs/{row['ref']}") == {"workflow": "message", "item": "m-1"}
    assert await get(site, f"/api/refs/{alert['ref']}") == {"workflow": "message", "item": "m-1"}
    site.take(sent("m-1", site.now, "message.replied"))
    assert await get(site, f"/api/refs/{alert['ref']}") == {"workflow": "message", "item": "m-1"}
    unsaid = Refs(site.app.site.identity.refs_key).of("message", "m-1", MONDAY + 2 * HOUR)
    assert (await get(site, f"/api/refs/{unsaid}", status=404))["status"] == 404


def test_the_starts_of_what_was_said_that_have_moved() -> None:
    state = states.ItemState(said=["reply:20261102T140000Z:missed", "x:20261102T140100Z:a:resolved", "x:z:a", "z"])
    shares, said = states.told(states.encode(state))
    assert (shares, said) == ([], state.said)
    assert sorted(former(said, [])) == [MONDAY, MONDAY + MINUTE]
    assert former(said, [share(MONDAY)]) == [MONDAY + MINUTE]


def share(start: int) -> Share:
    return Share(start, "reply", "oncology", 0)
