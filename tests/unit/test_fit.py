"""What of a changelog is a state of ours."""

from __future__ import annotations

import pytest

from streams import fit
from streams.core import reign
from streams.core import state as states
from streams.core.agenda import OWN
from streams.core.feeds import FEEDS
from streams.core.state import ItemState
from tests.contract.build import at, book, clock, engine, event, step

ITEM = states.encode(ItemState(moment=5))
ALERT = b'{"specversion":"1.0","id":"x"}'


def test_all_that_an_engine_writes_is_fit() -> None:
    """Items that are pending, ended and remembered, its own times, its policies, the feeds, open alerts."""
    quick = "{lead: 0 minutes, silent_feed: {message: 1 hour}, reorder_window: 1 days, max_age: 10 days}"
    one = engine(book(f"[{clock('{within: 4 hours}')}]", settings=quick))
    step(one, event("e1", "message.sent", "2026-11-10T08:00", "gone"))
    step(one, event("e2", "message.replied", "2026-11-10T09:00", "gone"))
    one.rebuild()  # which writes the policies, too
    one.look({"message": 1}, at("2026-11-10T09:00"))
    step(one, event("e3", "message.sent", "2026-11-13T08:00", "kept"))
    one.advance(at("2026-11-13T12:30"))
    one.look({"message": 1}, at("2026-11-13T12:30"))
    items, open_alerts = dict(one.items.items()), dict(one.open.items())
    assert {OWN, reign.POLICIES, FEEDS, b"message:gone", b"message:kept"} == items.keys()
    assert len(open_alerts) >= 2
    assert [fit.item(key, value) for key, value in items.items()] == [None] * 5
    assert {fit.open_alert(key, value) for key, value in open_alerts.items()} == {None}
    assert {fit.open_alert(b"x", value[:-1]) for value in open_alerts.values()} == {"not an alert"}
    assert {fit.item(key, value[:-1]) for key, value in items.items()} == {"not an item's state"}


@pytest.mark.parametrize("key", [b"message:p-4821", OWN, reign.POLICIES, FEEDS])
@pytest.mark.parametrize("value", [b"", b"garbage", b'{"a": 1}', ALERT, b"\xc0"])
def test_anything_else_is_not_and_is_not_shown(key: bytes, value: bytes) -> None:
    assert fit.item(key, value) == "not an item's state"


@pytest.mark.parametrize("value", [b"", b"garbage", b"{}", ITEM, ALERT])
def test_what_is_no_alert(value: bytes) -> None:
    assert fit.open_alert(b"x", value) == "not an alert"
