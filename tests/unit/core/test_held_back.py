"""R11: what the gate held back is caught up with, and what ended meanwhile says nothing."""

from __future__ import annotations

import pytest

from schemas import alerts
from schemas.policy import MINUTE
from streams.core.effects import Effects
from streams.core.shares import EXPIRED
from tests.contract.build import at, book, clock, engine, event, lines, read, step
from tests.unit.core.test_engine import FOUR, LADDER, replied, sent


def held_back(*log: bytes, until: str, shut: str) -> Effects:
    running = engine(book(f"[{clock(FOUR, LADDER)}]", departments="{eye: {pool: eye-desk}}"))
    step(running, *log)
    return running.advance(at(f"2026-11-{until}"), late=at(f"2026-11-{shut}"))


def test_what_the_gate_held_back_fires_at_once_in_the_name_of_all_r11() -> None:
    """R11, R5: `soon` fell at 10:00 and `missed` at 12:00 while the gate was shut; at 13:00 `missed` fires for both."""
    found = held_back(sent("e1", "10T08:00"), until="10T13:00", shut="10T12:59").alerts
    assert lines(found) == ["11-10T13:00 missed", "11-10T13:00 catch-up:message:unassigned:0:20261110T130000Z"]
    assert (found[0].data.catch_up, found[0].data.notify) == (True, ["pool", "on_call"])
    assert found[0].data.stage_at == "2026-11-10T12:00:00Z"
    assert (found[1].data.count, found[1].data.state, found[1].type) == (1, "notice", alerts.NOTICE)


def test_what_fell_within_the_last_minute_is_not_late_r11() -> None:
    """R11: only what is held back for more than a minute is caught up; the rest fires at its own moment."""
    running = engine(book(f"[{clock(FOUR, LADDER)}]"))
    step(running, sent("e1", "10T08:00"))
    assert lines(running.advance(at("2026-11-10T11:00")).alerts) == ["11-10T10:00 soon"]
    (alert,) = running.advance(at("2026-11-10T12:00:30"), late=at("2026-11-10T11:59:30")).alerts
    assert (alert.time, alert.data.catch_up) == ("2026-11-10T12:00:00Z", None)


def test_one_notice_for_each_department_r11() -> None:
    log = [sent(f"e{n}", "10T08:00", f"p-{n}", **({"department": "eye"} if n < 3 else {})) for n in range(5)]
    found = held_back(*log, until="10T13:00", shut="10T12:59").alerts
    counts = {alert.data.department: alert.data.count for alert in found if alert.data.stage == "catch-up"}
    assert counts == {"eye": 3, "unassigned": 2}


@pytest.mark.parametrize("limit", [pytest.param(0, id="shut"), pytest.param(None, id="open")])
def test_what_is_given_up_within_its_step_is_over_though_the_gate_is_shut_r11(limit: int | None) -> None:
    """R11, R15: its age was over before it came, and it is kept no longer; nothing of it may stay pending for ever."""
    running = engine(book(f"[{clock(FOUR)}]", settings="{max_age: 10 days, lead: 0 minutes}"))
    step(running, event("h", "feed.heartbeat", "2026-12-10T08:00"))
    both = [sent("e1", "20T08:00"), event("e2", "message.assigned", "2026-11-20T20:00")]
    running.step([(read(line), line) for line in both], limit=limit)
    running.advance(at("2026-12-20T00:00"))
    assert not any(sum(group.counts) for *_, group in running.accounts.pending.at(running.now))
    assert [(row.opened, row.count(EXPIRED)) for _, row in running.accounts.cohorts] == [(1, 1)]


@pytest.mark.parametrize(("opens", "catch_up"), [("12:00:59", None), ("12:01:01", True)])
def test_an_event_that_is_read_first_does_not_hide_how_long_a_stage_was_held_back_r11(
    opens: str, *, catch_up: bool | None
) -> None:
    """R11: the gate opens, an event of the item that changes nothing is read, and only then `missed` of 12:00 fires."""
    running = engine(book(f"[{clock(FOUR, LADDER)}]"))
    step(running, sent("e1", "10T08:00"))
    now = at(f"2026-11-10T{opens}")
    assert lines(running.advance(at("2026-11-10T11:00")).alerts) == ["11-10T10:00 soon"]
    events = [event("e2", "message.assigned", "2026-11-10T11:30"), event("h", "feed.heartbeat", f"2026-11-10T{opens}")]
    for each in reversed(events):
        running.step([(read(each), each)], limit=0, stamp=now)
    found = running.advance(now, stamp=now, late=now - MINUTE).alerts
    assert [alert.data.catch_up for alert in found if alert.data.stage == "missed"] == [catch_up]
    assert [alert.data.stage_at for alert in found if alert.data.stage == "missed"] == ["2026-11-10T12:00:00Z"]


def test_what_comes_late_itself_is_not_caught_up_r11() -> None:
    """The gate was open: nothing was held back, the event was."""
    running = engine(book(f"[{clock(FOUR, LADDER)}]"))
    now = at("2026-11-10T13:00")
    step(running, event("h", "feed.heartbeat", "2026-11-10T13:00"))
    late = sent("e1", "10T08:00")
    running.step([(read(late), late)], limit=now, stamp=now)
    found = running.advance(now, stamp=now, late=now - MINUTE).alerts
    assert [(alert.data.stage, alert.data.catch_up) for alert in found] == [("missed", None)]


def test_what_ended_before_the_gate_opened_says_nothing_r11() -> None:
    """R11: an item closed in the backlog never alerts."""
    running = engine(book(f"[{clock(FOUR, LADDER)}]"))
    found = step(running, sent("e1", "10T08:00"), replied("e2", "10T12:30")).alerts
    found += running.advance(at("2026-11-10T13:00"), late=at("2026-11-10T12:59")).alerts
    assert found == []


def test_a_step_fires_nothing_r11() -> None:
    """R11: stages fire in `advance` alone, up to the moment up to which the inputs are known."""
    running = engine(book(f"[{clock(FOUR, LADDER)}]"))
    assert step(running, sent("e1", "10T08:00"), sent("e2", "10T20:00", "p-2")).alerts == []
    assert lines(running.advance(at("2026-11-10T20:00")).alerts) == ["11-10T20:00 missed"]
