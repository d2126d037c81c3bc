"""What may be said outside: what the policy names, and nothing that a sender chose (contract section 11)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import AlertData
from schemas.policy import Policy
from schemas.policy_file import parse
from streams.delivery.discretion import Discretion
from streams.delivery.sinks import Alertmanager, Detail, HttpUrl

POLICY = """
version: "1"
calendars: {always: {timezone: UTC, hours: {daily: 00:00-24:00}}}
departments:
  a: {pool: pool-a, on_call: call-a, champion: dr-a, guide: "https://g"}
  b: {on_call: call-b}
defaults: {calendar: always, pool: desk, on_call: call, champion: committee}
clocks: [{name: reply, workflow: message, rules: [{within: 1 hour}]}]
"""
BARE = POLICY.replace("pool: desk, ", "").replace(
    "1 hour}]}", "1 hour}], stages: [{name: late, at: due, notify: on_call}]}"
)
MARK = "SMITH^JOHN"
SAID: dict[str, Any] = {
    "alert": f"message:{MARK}:reply:20261101T000000Z:missed", "state": "firing", "stage": "missed",
    "severity": "critical", "notify": ["on_call"], "recipients": ["call-a"], "workflow": "message", "item": MARK,
    "clock": "reply", "department": "a", "site": MARK, "pool": "pool-a", "owner": MARK, "priority": MARK, "kind": MARK,
    "guide": "https://g", "opened_at": "2026-11-01T00:00:00Z", "due_at": "2026-11-01T01:00:00Z",
    "stage_at": "2026-11-01T01:00:00Z", "fired_at": "2026-11-01T01:00:00Z", "attempts": 3, "follow_ups": 2,
    "policy": "1", "partition": 1, "by": MARK, "short_notice": True, "catch_up": True,
}  # fmt: skip


def policy(text: str = POLICY) -> Policy:
    return parse(text)


def discretion(detail: Detail = "minimal", names: tuple[str, ...] = (), text: str = POLICY) -> Discretion:
    return Discretion(policy(text), Alertmanager(urls=(HttpUrl("http://x"),), detail=detail, names=names))


def told(*names: str, text: str = POLICY, **changed: Any) -> AlertData:
    return discretion(names=names, text=text).told(AlertData(**{**SAID, **changed}))


def test_what_the_policy_names_is_told() -> None:
    assert told() == AlertData(
        state="firing", stage="missed", severity="critical", notify=["on_call"], recipients=["call-a"],
        workflow="message", clock="reply", department="a", pool="pool-a", guide="https://g",
    )  # fmt: skip


def test_full_is_the_alert_as_it_was_said() -> None:
    data = AlertData(**SAID)
    assert discretion("full").told(data) is data
    assert discretion("full").recipients(data) == ["call-a"]


@pytest.mark.parametrize(
    ("name", "shown"), [("a", "a"), ("b", "b"), ("unassigned", "unassigned"), (MARK, "other"), (None, None)]
)
def test_departments(name: str | None, shown: str | None) -> None:
    assert told(department=name).department == shown


@pytest.mark.parametrize(
    ("department", "name", "shown"),
    [
        ("a", "pool-a", "pool-a"),
        ("a", "desk", "desk"),
        ("b", "dr-a", "dr-a"),  # another department's name is a name all the same
        ("a", MARK, "pool-a"),
        ("b", MARK, "desk"),
        (MARK, MARK, "desk"),
        ("unassigned", MARK, "desk"),
    ],
)
def test_pools(department: str, name: str, shown: str) -> None:
    assert told(department=department, pool=name).pool == shown


def test_without_a_pool_the_on_call_is_told_in_its_place() -> None:
    assert told(department="b", pool=MARK, text=BARE).pool == "call-b"


def test_somebody_is_told_once_in_place_of_an_owner_that_may_not_be_named() -> None:
    assert told(recipients=[MARK, "pool-a", MARK + "2", "call-a"]).recipients == ["pool-a", "call-a"]
    assert told(recipients=[MARK]).recipients == ["pool-a"]
    assert told(recipients=None).recipients is None
    assert discretion().recipients(AlertData(**{**SAID, "recipients": None})) == []


def test_a_sink_may_allow_names() -> None:
    assert told("nurse-*", recipients=["nurse-7", "doctor-7"]).recipients == ["nurse-7", "pool-a"]
    assert told("nurse-?", pool="nurse-7").pool == "nurse-7"
    assert told("nurse-?", pool="Nurse-7").pool == "pool-a"


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.lists(st.text(max_size=9).map(lambda text: MARK + text), min_size=1, max_size=3)
            if name == "recipients"
            else st.text(max_size=9).map(lambda text: MARK + text)
            for name in ("item", "department", "site", "pool", "owner", "priority", "kind", "by", "recipients")
        },
    )
)
def test_no_name_that_a_sender_chose_is_told(changed: dict[str, Any]) -> None:
    assert MARK not in repr(told(**changed))


def test_a_field_that_is_added_stays_inside_until_somebody_decides() -> None:
    full = AlertData(**{name: SAID.get(name, "x") for name in AlertData.__struct_fields__})
    shown = {name for name in AlertData.__struct_fields__ if getattr(discretion().told(full), name) is not None}
    kept = "state stage severity notify recipients workflow clock department pool guide reason count feed"
    assert shown == set(kept.split())
