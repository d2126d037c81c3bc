"""Events in (section 2), structured and binary, and what is refused of them (R14); case 29 of the faults."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas import instants
from schemas.events import Action, Event, Refusal, decode, from_json

TIME = "2026-11-10T08:00:00-06:00"
GOOD: dict[str, Any] = {
    "specversion": "1.0", "id": "e1", "source": "/s", "type": "portal.message.sent", "subject": "p-4821", "time": TIME,
}  # fmt: skip
SNOOZED: dict[str, Any] = {"type": "portal.command.snoozed", "data": {"workflow": "message", "by": "b", "until": TIME}}


def structured(topic: str | None = None, **changes: Any) -> Event | Refusal:
    return from_json(json.dumps({k: v for k, v in (GOOD | changes).items() if v is not ...}), topic)


def binary(value: bytes | None, topic: str | None = None, **changes: Any) -> Event | Refusal:
    attributes = {k: v for k, v in (GOOD | changes).items() if v is not ...}
    headers = [(f"ce_{name}", v if isinstance(v, bytes) else str(v).encode()) for name, v in attributes.items()]
    return decode(value, [*headers, ("content-type", b"application/json")], topic)


TABLE = [
    ("message.sent", Action.OPEN), ("message.replied", Action.STOP), ("message.closed", Action.STOP),
    ("message.awaiting_patient", Action.PAUSE), ("message.assigned", Action.ROUTE),
    ("appointment.requested", Action.OPEN), ("appointment.confirmed", Action.STOP),
    ("appointment.declined", Action.STOP),
    ("appointment.offered", Action.PAUSE), ("appointment.answered", Action.RESUME),
    ("appointment.cancelled", Action.CANCEL), ("appointment.assigned", Action.ROUTE),
    ("appointment.moved", Action.ROUTE),
    ("result.promised", Action.OPEN), ("result.released", Action.STOP), ("result.looked_up", Action.ATTEMPT),
    ("result.cancelled", Action.CANCEL), ("result.assigned", Action.ROUTE), ("result.moved", Action.ROUTE),
    ("questionnaire.submitted", Action.OPEN), ("questionnaire.reviewed", Action.STOP),
    ("questionnaire.cancelled", Action.CANCEL), ("questionnaire.assigned", Action.ROUTE),
    ("questionnaire.moved", Action.ROUTE),
]  # fmt: skip


@pytest.mark.parametrize(("name", "action"), TABLE, ids=[name for name, _ in TABLE])
def test_each_type_on_its_topic(name: str, action: Action) -> None:
    workflow = name.partition(".")[0]
    found = structured(workflow, type=f"portal.{name}")
    assert isinstance(found, Event)
    assert (found.workflow, found.subject, found.entry.action) == (workflow, "p-4821", action)
    elsewhere = structured("result" if workflow == "message" else "message", type=f"portal.{name}")
    assert isinstance(elsewhere, Refusal)
    assert elsewhere.reason == "unknown_type"


@pytest.mark.parametrize(
    ("verb", "action"),
    [("acknowledged", Action.ACKNOWLEDGE), ("snoozed", Action.SNOOZE), ("assigned", Action.ROUTE)],
)
def test_commands_concern_the_workflow_that_they_name(verb: str, action: Action) -> None:
    data = {"workflow": "result", "by": "dr-lee", "until": TIME, "pool": "p"}
    found = structured("command", type=f"portal.command.{verb}", data=data)
    assert isinstance(found, Event)
    assert (found.workflow, found.entry.action, found.entry.by, found.entry.pool) == ("result", action, "dr-lee", "p")
    assert found.entry.until == (instants.parse(TIME) if verb == "snoozed" else None)


@pytest.mark.parametrize("topic", ["message", "command", None])
def test_a_heartbeat_needs_no_subject_r16(topic: str | None) -> None:
    found = structured(topic, type="portal.feed.heartbeat", subject=...)
    assert isinstance(found, Event)
    assert (found.entry.action, found.entry.time) == (Action.HEARTBEAT, instants.parse(TIME))


def test_all_fields() -> None:
    data = {"department": "eye", "site": "s", "pool": "p", "owner": "o", "priority": "urgent", "kind": "k",
            "patient": "p-1", "anchor": "2026-11-12T08:00:00Z", "other": {"deep": [1]}, "workflow": "no"}  # fmt: skip
    found = structured(data=data)
    assert isinstance(found, Event)
    entry = found.entry
    assert (entry.id, entry.source, entry.time) == ("e1", "/s", instants.parse(TIME))
    assert (entry.department, entry.site, entry.pool, entry.owner) == ("eye", "s", "p", "o")
    assert (entry.priority, entry.kind, entry.anchor) == ("urgent", "k", instants.parse("2026-11-12T08:00:00Z"))
    assert entry.by is None


def test_binary_mode_says_the_same() -> None:
    data = {"department": "eye", "anchor": "2026-11-12T08:00:00Z"}
    assert binary(json.dumps(data).encode()) == structured(data=data)
    assert binary(None) == structured()
    assert binary(b"") == structured()


def test_structured_mode_on_a_record() -> None:
    assert decode(json.dumps(GOOD).encode(), [("content-type", b"application/cloudevents+json")]) == structured()


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        pytest.param({"specversion": "0.3"}, "invalid", "specversion: must be 1.0", id="specversion"),
        pytest.param({"specversion": ...}, "invalid", "specversion: required", id="no-specversion"),
        pytest.param({"id": ...}, "invalid", "id: required", id="no-id"),
        pytest.param({"id": ""}, "invalid", "id: must not be empty", id="an-empty-id"),
        pytest.param({"id": 7}, "invalid", "id: must be `str`, got `int`", id="a-number-as-id"),
        pytest.param({"source": ...}, "invalid", "source: required", id="no-source"),
        pytest.param({"type": ...}, "invalid", "type: required", id="no-type"),
        pytest.param({"type": "portal.message.unheard"}, "unknown_type", "type: ", id="another-type"),
        pytest.param({"type": "PORTAL.MESSAGE.SENT"}, "unknown_type", "type: ", id="another-case"),
        pytest.param({"subject": ...}, "invalid", "subject: must be 1 to 128", id="no-subject"),
        pytest.param({"subject": ""}, "invalid", "subject: must be 1 to 128", id="an-empty-subject"),
        pytest.param({"subject": "a" * 129}, "invalid", "subject: must be 1 to 128", id="a-long-subject"),
        pytest.param({"subject": "a b"}, "invalid", "subject: must be 1 to 128", id="a-blank"),
        pytest.param({"subject": "a:b"}, "invalid", "subject: must be 1 to 128", id="a-colon"),
        pytest.param({"subject": "Müller"}, "invalid", "subject: must be 1 to 128", id="another-letter"),
        pytest.param({"subject": "p-1\n"}, "invalid", "subject: must be 1 to 128", id="a-line-end"),
        pytest.param({"time": ...}, "invalid", "time: required", id="no-time"),
        pytest.param({"time": "2026-11-10T08:00:00"}, "invalid", "time: has no offset", id="case-29-time"),
        pytest.param({"time": "soon"}, "invalid", "time: is not RFC 3339", id="no-instant"),
        pytest.param({"time": 1794312000}, "invalid", "time: must be `str`", id="a-number-as-time"),
        pytest.param({"time": "1999-12-31T23:59:59.999999Z"}, "invalid", "time: lies outside 2000", id="T9-before"),
        pytest.param({"time": "2100-01-01T00:00:00Z"}, "invalid", "time: lies outside 2000", id="T9-after"),
        pytest.param({"data": {"anchor": "2026-11-10T08:00:00"}}, "invalid", "data.anchor: has no offset",
                     id="case-29-anchor"),
        pytest.param({"data": {"anchor": "2100-01-01T00:00:00Z"}}, "invalid", "data.anchor: lies outside",
                     id="T9-anchor"),
        pytest.param({"data": {"department": 7}}, "invalid", "data.department: must be `str`",
                     id="a-number-as-department"),
        pytest.param({"data": {"department": ""}}, "invalid", "data.department: must not be empty",
                     id="empty-department"),
        pytest.param({"data": {"pool": ["a"]}}, "invalid", "data.pool: must be `str`", id="a-list-as-pool"),
        pytest.param({"data": "text"}, "invalid", "data: must be `object`", id="data-is-text"),
        pytest.param({"data_base64": "e30="}, "invalid", "data_base64: ", id="data_base64"),
        pytest.param({"type": "portal.command.acknowledged", "data": {"workflow": "message"}}, "invalid",
                     "data.by: required", id="a-command-of-nobody"),
        pytest.param({"type": "portal.command.acknowledged", "data": {"by": "b"}}, "invalid", "data.workflow: ",
                     id="a-command-for-nothing"),
        pytest.param({"type": "portal.command.acknowledged", "data": {"by": "b", "workflow": "fax"}}, "invalid",
                     "data.workflow: must be one of message", id="a-command-for-something-else"),
        pytest.param({**SNOOZED, "data": {"workflow": "message", "by": "b"}}, "invalid", "data.until: required",
                     id="a-snooze-without-until"),
        pytest.param({**SNOOZED, "data": ...}, "invalid", "data.until: required", id="a-snooze-without-data"),
        pytest.param({**SNOOZED, "data": {"workflow": "message", "by": "b", "until": "2026-11-10T08:00:00"}}, "invalid",
                     "data.until: has no offset", id="case-29-until"),
    ],
)  # fmt: skip
def test_refused(changes: dict[str, Any], reason: str, detail: str) -> None:
    """R14: `detail` names the path and the rule."""
    found = structured(**changes)
    assert isinstance(found, Refusal)
    assert found.reason == reason
    assert found.detail.startswith(detail)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b"\xff\xfe",
        b'{"id": "\xff"}',
        json.dumps(GOOD).encode() + b"{}",
        b"\0",
    ],
)
def test_undecodable(value: bytes) -> None:
    found = decode(value, [])
    assert isinstance(found, Refusal)
    assert found.reason == "undecodable"


def test_a_tombstone_is_undecodable() -> None:
    found = decode(None, [])
    assert isinstance(found, Refusal)
    assert found.reason == "undecodable"


@pytest.mark.parametrize(
    ("value", "changes", "reason", "detail"),
    [
        pytest.param(b"{}", {"id": ...}, "invalid", "ce_id: required", id="no-id"),
        pytest.param(b"{}", {"time": ...}, "invalid", "ce_time: required", id="no-time"),
        pytest.param(b"{}", {"id": b"\xff"}, "invalid", "ce_id: must be UTF-8", id="no-text"),
        pytest.param(b"{}", {"subject": ...}, "invalid", "subject: must be", id="no-subject"),
        pytest.param(b"{", {}, "undecodable", "data: not JSON", id="no-JSON"),
        pytest.param(b"\xff", {}, "undecodable", "data: not JSON", id="no-UTF-8"),
        pytest.param(b'{"pool": 7}', {}, "invalid", "data.pool: must be `str`", id="a-number-as-pool"),
        pytest.param(b"[]", {}, "invalid", "data: must be `object`", id="a-list"),
        pytest.param(b'{"anchor": "2026-11-10"}', {}, "invalid", "data.anchor: is not RFC 3339", id="no-instant"),
    ],
)
def test_refused_in_binary_mode(value: bytes, changes: dict[str, Any], reason: str, detail: str) -> None:
    found = binary(value, **changes)
    assert isinstance(found, Refusal)
    assert found.reason == reason
    assert found.detail.startswith(detail)


@pytest.mark.parametrize(
    "field", ["id", "source", "type", "subject", "time", "anchor", "until", "department", "workflow"]
)
@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_a_detail_never_holds_a_value(field: str, mode: str) -> None:
    """R14: what could identify a patient stays in the dead letter."""
    secret = "SMITH^JOHN 1950"
    event: dict[str, Any] = {**SNOOZED}
    data = dict(SNOOZED["data"])
    if field in {"anchor", "until", "department", "workflow"}:
        data[field] = [secret] if field == "department" else secret
    else:
        event[field] = secret
    del event["data"]
    found = structured(**event, data=data) if mode == "structured" else binary(json.dumps(data).encode(), **event)
    said = found.detail if isinstance(found, Refusal) else ""
    assert "SMITH" not in said
    assert "1950" not in said
    assert isinstance(found, Refusal) or field in {"id", "source"}


@pytest.mark.parametrize("form", ["structured", "binary"])
def test_json_nested_too_deep_is_undecodable(form: str) -> None:
    """R14: nothing stops the partition, however deep a field that is ignored goes."""
    deep = b'{"note":' * 5000 + b"1" + b"}" * 5000
    head = b'{"specversion":"1.0","id":"e","source":"/s","type":"portal.message.sent","subject":"m",'
    head += b'"time":"2026-11-10T08:00:00Z"'
    headers = [
        ("ce_specversion", b"1.0"), ("ce_id", b"e"), ("ce_source", b"/s"), ("ce_type", b"portal.message.sent"),
        ("ce_subject", b"m"), ("ce_time", b"2026-11-10T08:00:00Z"),
    ]  # fmt: skip
    found = decode(head + b',"data":' + deep + b"}", []) if form == "structured" else decode(deep, headers)
    assert isinstance(found, Refusal)
    assert found.reason == "undecodable"


@pytest.mark.parametrize("field", ["department", "site", "pool", "owner", "priority", "kind"])
def test_a_text_that_no_alert_could_carry_is_invalid(field: str) -> None:
    found = structured(data={field: "x" * 1025})
    assert isinstance(found, Refusal)
    assert found.detail == f"data.{field}: must have at most 1024 characters"
    assert isinstance(structured(data={field: "x" * 1024}), Event)


@pytest.mark.parametrize("value", [{}, "", 3, [1], None])
@pytest.mark.parametrize("field", ["by", "workflow", "until"])
def test_what_only_commands_have_is_ignored_of_other_events(field: str, value: object) -> None:
    """Section 2: other fields are ignored."""
    assert isinstance(structured(data={field: value}), Event)
