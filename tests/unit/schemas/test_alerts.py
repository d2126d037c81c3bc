"""Alerts as bytes (section 5): the same ones always, nothing that has no value, and a later version can be read."""

from __future__ import annotations

import json

import msgspec
import pytest

from schemas import alerts, instants
from schemas.alerts import Alert, AlertData

DATA = AlertData(state="firing", workflow="message", alert="a", stage="missed", attempts=0, follow_ups=0, partition=3)
ALERT = Alert(id="a", source="/t", type=alerts.FIRED, subject="p-1", time="2026-11-10T12:00:00Z", data=DATA)


def test_what_has_no_value_is_left_out_and_zero_is_one() -> None:
    said = json.loads(alerts.encode(ALERT))
    assert said["data"] == {
        "alert": "a", "state": "firing", "stage": "missed", "workflow": "message", "attempts": 0, "follow_ups": 0,
        "partition": 3,
    }  # fmt: skip
    assert (said["specversion"], said["dataschema"]) == ("1.0", "urn:portalwatch:schema:/alert/1")


def test_the_same_alert_is_always_the_same_bytes() -> None:
    assert alerts.encode(ALERT) == alerts.encode(alerts.decode(alerts.encode(ALERT)))
    assert alerts.decode(alerts.encode(ALERT)) == ALERT


def test_what_a_later_version_adds_is_passed_over() -> None:
    """Section 5: within 1, fields are only added."""
    said = json.loads(alerts.encode(ALERT))
    said["later"], said["data"]["later"] = 1, {"deep": 1}
    assert alerts.decode(json.dumps(said).encode()) == ALERT


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b'{"id": 1}'])
def test_other_bytes_are_refused(value: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        alerts.decode(value)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-11-24T15:04:05Z", "message:p-1:reply:20261124T150405Z"),
        ("2026-11-24T15:04:05.000001Z", "message:p-1:reply:20261124T150405.000001Z"),
    ],
)
def test_what_the_ids_of_a_cycle_begin_with(start: str, expected: str) -> None:
    assert alerts.cycle_id("message", "p-1", "reply", instants.parse(start)) == expected


def test_no_field_beyond_those_of_the_contract() -> None:
    """Section 5: nothing else leaves; `by` is an acknowledgement's and `count` a catch-up notice's."""
    named = """alert state stage severity notify recipients workflow item clock department site pool owner priority kind
        guide opened_at due_at stage_at fired_at short_notice catch_up attempts follow_ups feed policy partition
        resolved_at reason closed_at by count""".split()
    assert sorted(AlertData.__struct_fields__) == sorted(named)
