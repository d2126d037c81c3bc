"""What is said, field by field (section 5): an alert, its resolution, a notice; nothing twice, nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas import alerts
from schemas.alerts import Alert
from tests.contract.build import ITEM, at, book, clock, engine, event, run, step

DEPARTMENTS = "{eye: {pool: eye-desk, guide: https://g/eye}}"
JUDGE = book(f"[{clock('{within: 4 hours}')}]", departments=DEPARTMENTS)
SECRET = {"patient": "p-secret", "note": "words", "body": {"text": "words"}}


def on(time: str) -> str:
    return f"2026-11-10T{time}"


def log(**data: Any) -> list[bytes]:
    full = {"department": "eye", "site": "s", "owner": "o", "priority": "urgent", "kind": "k", **data}
    return [
        event("e1", "message.sent", on("08:00"), **full),
        event("e2", "message.sent", on("09:00"), patient="p-secret"),
    ]


def said(*more: bytes) -> list[dict[str, object]]:
    found: list[Alert] = run(JUDGE, [*log(**SECRET), *more], on("20:00")).alerts
    return [json.loads(alerts.encode(alert)) for alert in found]


FIRING = {
    "specversion": "1.0",
    "id": "message:p-4821:reply:20261110T080000Z:missed",
    "source": "/portalwatch/backtest",
    "type": "portal.alert.fired",
    "subject": ITEM,
    "time": "2026-11-10T12:00:00Z",
    "dataschema": "urn:portalwatch:schema:/alert/1",
    "data": {
        "alert": "message:p-4821:reply:20261110T080000Z:missed",
        "state": "firing",
        "stage": "missed",
        "severity": "critical",
        "notify": ["on_call"],
        "recipients": ["first"],
        "workflow": "message",
        "item": ITEM,
        "clock": "reply",
        "department": "eye",
        "site": "s",
        "pool": "eye-desk",
        "owner": "o",
        "priority": "urgent",
        "kind": "k",
        "guide": "https://g/eye",
        "opened_at": "2026-11-10T08:00:00Z",
        "due_at": "2026-11-10T12:00:00Z",
        "stage_at": "2026-11-10T12:00:00Z",
        "fired_at": "2026-11-10T12:00:00Z",
        "attempts": 0,
        "follow_ups": 1,
        "policy": "v1",
        "partition": 0,
    },
}


def test_a_firing_alert_says_all_this_and_nothing_else() -> None:
    assert said() == [FIRING]


def test_a_resolution_repeats_what_was_said_when_it_fired() -> None:
    """Section 5: with `resolved_at`, `reason` and, when the cycle ended, `closed_at`; though all else has changed."""
    moved = {"department": "ear", "pool": "ear-desk", "owner": "u", "kind": "l"}
    found = said(event("e3", "message.replied", on("13:30:00.25"), **moved))
    data = {**FIRING["data"], "state": "resolved", "reason": "missed", "resolved_at": "2026-11-10T13:30:00.25Z",  # type: ignore[dict-item]
            "closed_at": "2026-11-10T13:30:00.25Z"}  # fmt: skip
    head = {"id": f"{FIRING['id']}:resolved", "type": "portal.alert.resolved", "time": "2026-11-10T13:30:00.25Z"}
    assert found == [FIRING, FIRING | head | {"data": data}]


def test_a_resolution_of_a_running_cycle_has_no_end() -> None:
    found = said(event("e3", "message.awaiting_patient", on("13:30")))[1]["data"]
    assert isinstance(found, dict)
    assert (found["reason"], "closed_at" in found) == ("paused", False)


def test_what_was_not_given_is_left_out() -> None:
    judge = book(f"[{clock('{within: 4 hours}')}]")
    (alert,) = run(judge, [event("e1", "message.sent", on("08:00"))], on("20:00")).alerts
    data = json.loads(alerts.encode(alert))["data"]
    assert not {"site", "owner", "kind", "guide", "short_notice", "catch_up", "feed", "by", "count", "reason"} & set(
        data
    )
    assert (data["department"], data["priority"], data["pool"]) == ("unassigned", "routine", "desk")
    assert (data["attempts"], data["follow_ups"]) == (0, 0)


def test_a_department_that_the_policy_does_not_know_keeps_its_name_r17() -> None:
    (alert,) = run(JUDGE, [event("e1", "message.sent", on("08:00"), department="nose")], on("20:00")).alerts
    assert alert.data.department == "nose"


@pytest.mark.parametrize("start", ["08:00:00.000001", "08:00:00.5"])
def test_microseconds_stand_in_the_id_only_if_there_are_any(start: str) -> None:
    (alert,) = run(JUDGE, [event("e1", "message.sent", on(start))], on("20:00")).alerts
    assert alert.id == f"message:p-4821:reply:20261110T{start.replace(':', '').ljust(13, '0')}Z:missed"
    assert alert.data.opened_at == f"{on(start)}Z"


def test_the_stamp_is_the_time_of_what_is_said() -> None:
    """Section 5: `time` is the moment it was decided, which in a worker is later than the moment that it is about."""
    running = engine(JUDGE)
    step(running, event("e1", "message.sent", on("08:00")))
    (alert,) = running.advance(at(on("12:00")), stamp=at(on("12:00:01"))).alerts
    assert (alert.time, alert.data.fired_at) == ("2026-11-10T12:00:01Z", "2026-11-10T12:00:01Z")
    assert alert.data.stage_at == "2026-11-10T12:00:00Z"


def test_open_alerts_are_those_that_fire() -> None:
    running = engine(JUDGE)
    step(running, event("e1", "message.sent", on("08:00")))
    (alert,) = running.advance(at(on("12:00"))).alerts
    assert dict(running.open.items()) == {alert.id.encode(): alerts.encode(alert)}
    step(running, event("e2", "message.replied", on("12:30")))
    assert dict(running.open.items()) == {}


def test_a_silent_feed_is_said_r16() -> None:
    running = engine(JUDGE)
    running.silent = frozenset({"message"})
    step(running, event("e1", "message.sent", on("08:00")))
    (alert,) = running.advance(at(on("12:00"))).alerts
    assert alert.data.feed == "silent"
