"""`backtest` (section 9): steps, the moments in between, `until`, the order of what is said, dead letters as lines."""

from __future__ import annotations

import json

import pytest

from streams import backtest
from streams.backtest import Dead
from tests.contract.build import book, clock, event, run, said

LADDER = "{name: soon, at: 50%}, {name: missed, at: due, severity: critical, notify: on_call}"
JUDGE = book(f"[{clock('{within: 4 hours}', LADDER)}]")


def on(time: str) -> str:
    return f"2026-11-10T{time}"


def sent(ident: str, time: str, item: str = "p-4821") -> bytes:
    return event(ident, "message.sent", on(time), item)


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        pytest.param("11:59:59.999999", ["11-10T10:00 soon"], id="before"),
        pytest.param("12:00", ["11-10T10:00 soon", "11-10T12:00 missed"], id="inclusive"),
        pytest.param("08:00", [], id="at-the-last-event"),
        pytest.param("07:00", [], id="before-the-last-event"),
    ],
)
def test_until(until: str, expected: list[str]) -> None:
    assert said(JUDGE, [sent("e1", "08:00")], on(until)) == expected


def test_events_after_until_are_still_decided() -> None:
    log = [sent("e1", "08:00"), event("e2", "message.replied", on("13:00"))]
    assert said(JUDGE, log, on("09:00")) == [
        "11-10T10:00 soon", "11-10T12:00 missed",
        "11-10T13:00 missed:resolved missed", "11-10T13:00 soon:resolved missed",
    ]  # fmt: skip


def test_it_runs_on_for_thirty_days() -> None:
    """Section 9: default 30 days on: a ladder's last stage at exactly then still fires, a moment later not."""
    days = [clock("{within: 30 days}", name="a"), clock("{within: 43200.01 minutes}", name="b")]
    found = run(book(f"[{', '.join(days)}]"), [sent("e1", "08:00")]).alerts
    assert [(alert.data.clock, alert.time) for alert in found] == [("a", "2026-12-10T08:00:00Z")]


def test_an_item_closed_within_the_step_says_nothing() -> None:
    """Section 9: the reply is of 09:00 and arrives after an event that moved now to 13:00, in its step."""
    log = [sent("e1", "08:00"), sent("e2", "13:00", "p-2"), event("e3", "message.replied", on("09:00"))]
    assert said(JUDGE, log, on("13:00")) == [
        "11-10T10:00 soon", "11-10T12:00 missed", "11-10T13:00 missed:resolved met", "11-10T13:00 soon:resolved met",
    ]  # fmt: skip


def test_in_order_of_time_then_id() -> None:
    log = [sent("e1", "08:00", item) for item in ("p-b", "p-a", "p-c")]
    found = [(alert.time, alert.id) for alert in run(JUDGE, log, on("12:00")).alerts]
    assert found == sorted(found)
    assert [ident.split(":")[1] for _, ident in found] == ["p-a", "p-b", "p-c"] * 2


def test_a_fraction_comes_after_the_whole_second() -> None:
    """`...00Z` is before `...00.5Z`, though `.` sorts before `Z`."""
    log = [sent("e1", "08:00:00.5", "p-a"), sent("e2", "08:00", "p-b")]
    found = [alert.data.item for alert in run(JUDGE, log, on("10:00:01")).alerts]
    assert found == ["p-b", "p-a"]


def test_no_skew_and_one_partition() -> None:
    """Section 9: there is one partition, 0, and no `max_skew`: a log may leap."""
    log = [sent("e1", "08:00"), event("e2", "message.sent", "2027-11-10T08:00", "p-2")]
    result = run(JUDGE, log, "2027-11-10T08:00")
    assert not result.dead
    assert {alert.data.partition for alert in result.alerts} == {0}
    assert {alert.source for alert in result.alerts} == {"/portalwatch/backtest"}


@pytest.mark.parametrize("log", [[], [b""], [b"  ", b"\n"]])
def test_an_empty_log(log: list[bytes]) -> None:
    assert run(JUDGE, log) == ([], [], 0)


def test_what_is_refused_is_told_and_passed_over() -> None:
    log = [b"{", b'{"id": "e0"}', sent("e1", "08:00"), event("e2", "message.unheard", on("23:00")), b"\xff\n"]
    result = run(JUDGE, log, on("10:00"))
    assert [dead.reason for dead in result.dead] == ["undecodable", "invalid", "unknown_type", "undecodable"]
    assert [dead.line for dead in result.dead] == [log[0], log[1], log[3], b"\xff"]
    assert result.events == 1
    assert [alert.data.stage for alert in result.alerts] == ["soon"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(b'{"id":"e1"}', {"id": "e1"}, id="an-object"),
        pytest.param(b"[1, 2]", [1, 2], id="other-JSON"),
        pytest.param(b"null", None, id="null"),
        pytest.param(b"{", "{", id="text"),
        pytest.param(b"\xff{", "\ufffd{", id="no-text"),
    ],
)
def test_a_dead_letter_is_one_line_of_json(line: bytes, expected: object) -> None:
    """Section 9: `{reason, detail, event}`."""
    said_of_it = backtest.dead_line(Dead("invalid", "id: required", line))
    assert b"\n" not in said_of_it
    assert json.loads(said_of_it) == {"reason": "invalid", "detail": "id: required", "event": expected}


def test_a_refused_event_moves_no_time_r14() -> None:
    """R14: one that cannot be judged, because its due lies past 2099, makes nothing late and lets no time pass."""
    log = [
        sent("e1", "08:00"),
        event("x", "message.sent", "2099-12-31T23:00", "p-9"),
        event("e2", "message.replied", on("09:00")),
    ]
    result = run(JUDGE, log, on("20:00"))
    assert [(dead.reason, json.loads(dead.line)["id"]) for dead in result.dead] == [("invalid", "x")]
    assert result.alerts == []
