"""One arriving event, read (contract section 2, R14).

`read_event` gives `{"record": ...}` or `{"reason", "detail"}`. A record is a plain dict: `time`, `id`, `source`,
`workflow`, `item`, `action`, `given` (the routing fields and the anchor that it carries), `until` (a snooze), `by`
(a command) and `raw`, the event as received.
"""

import json
import re
from typing import Any

from .instants import END, FIRST, parse_instant

ACTIONS = {
    "portal.message.sent": "open",
    "portal.message.replied": "stop",
    "portal.message.closed": "stop",
    "portal.message.awaiting_patient": "pause",
    "portal.message.assigned": "route",
    "portal.appointment.requested": "open",
    "portal.appointment.confirmed": "stop",
    "portal.appointment.declined": "stop",
    "portal.appointment.offered": "pause",
    "portal.appointment.answered": "resume",
    "portal.appointment.cancelled": "cancel",
    "portal.appointment.assigned": "route",
    "portal.appointment.moved": "route",
    "portal.result.promised": "open",
    "portal.result.released": "stop",
    "portal.result.looked_up": "attempt",
    "portal.result.cancelled": "cancel",
    "portal.result.assigned": "route",
    "portal.result.moved": "route",
    "portal.questionnaire.submitted": "open",
    "portal.questionnaire.reviewed": "stop",
    "portal.questionnaire.cancelled": "cancel",
    "portal.questionnaire.assigned": "route",
    "portal.questionnaire.moved": "route",
    "portal.feed.heartbeat": "heartbeat",
    "portal.command.acknowledged": "acknowledge",
    "portal.command.snoozed": "snooze",
    "portal.command.assigned": "route",
}
WORKFLOWS = ("message", "appointment", "result", "questionnaire")
FIELDS = ("department", "site", "pool", "owner", "priority", "kind")
SUBJECT = re.compile(r"[A-Za-z0-9._~-]{1,128}")
LARGEST = 1024 * 1024


class Refused(Exception):
    """An event that R14 sends to the dead letters: reason and detail."""


def need_text(holder: dict[str, Any], key: str, path: str) -> str:
    """A required, non-empty text."""
    value = holder.get(key)
    if not isinstance(value, str) or not value:
        raise Refused("invalid", f"{path}: a non-empty text is required")
    return value


def need_instant(holder: dict[str, Any], key: str, path: str) -> int:
    """A required instant within the years that a calendar answers for (T9)."""
    try:
        instant = parse_instant(need_text(holder, key, path))
    except ValueError as error:
        raise Refused("invalid", f"{path}: an RFC 3339 date-time with an offset is required") from error
    if not FIRST <= instant < END:
        raise Refused("invalid", f"{path}: must lie in 2000-01-01 to 2099-12-31 UTC")
    return instant


def load(event: str | dict[str, Any]) -> dict[str, Any]:
    """The event as an object."""
    if isinstance(event, str):
        if len(event.encode()) > LARGEST:
            raise Refused("too_large", "the event is larger than 1048576 bytes")
        try:
            event = json.loads(event)
        except ValueError as error:
            raise Refused("undecodable", "the event is not JSON") from error
    if not isinstance(event, dict):
        raise Refused("undecodable", "the event is not a JSON object")
    return event


def read_given(data: dict[str, Any]) -> dict[str, Any]:
    """The routing fields and the anchor in an event's data."""
    given: dict[str, Any] = {}
    for field in FIELDS:
        if data.get(field) is not None:
            given[field] = need_text(data, field, f"data.{field}")
    if data.get("anchor") is not None:
        given["anchor"] = need_instant(data, "anchor", "data.anchor")
    return given


def read_command(record: dict[str, Any], data: dict[str, Any]) -> None:
    """What a command needs beside the rest."""
    record["workflow"] = need_text(data, "workflow", "data.workflow")
    if record["workflow"] not in WORKFLOWS:
        raise Refused("invalid", "data.workflow: must be a workflow")
    record["by"] = need_text(data, "by", "data.by")
    if record["action"] == "snooze":
        record["until"] = need_instant(data, "until", "data.until")


def build(raw: dict[str, Any]) -> dict[str, Any]:
    """The record of an event object; Refused if R14 says so."""
    if raw.get("specversion") != "1.0":
        raise Refused("invalid", "specversion: must be 1.0")
    kind = need_text(raw, "type", "type")
    if kind not in ACTIONS:
        raise Refused("unknown_type", "type: must be one of the contract's section 2")
    record: dict[str, Any] = {"id": need_text(raw, "id", "id"), "source": need_text(raw, "source", "source")}
    record |= {"time": need_instant(raw, "time", "time"), "action": ACTIONS[kind], "raw": raw}
    data = {} if raw.get("data") is None else raw["data"]
    if not isinstance(data, dict):
        raise Refused("invalid", "data: must be an object")
    if record["action"] == "heartbeat":
        return record | {"workflow": None, "item": None, "given": {}}
    record["item"] = need_text(raw, "subject", "subject")
    if not SUBJECT.fullmatch(record["item"]):
        raise Refused("invalid", "subject: must be 1 to 128 of A-Za-z0-9._~-")
    record["workflow"] = kind.split(".")[1]
    record["given"] = read_given(data)
    if record["workflow"] == "command":
        read_command(record, data)
    return record


def read_event(event: str | dict[str, Any]) -> dict[str, Any]:
    """`{"record": ...}`, or `{"reason", "detail"}` for what cannot be taken in."""
    try:
        return {"record": build(load(event))}
    except Refused as refused:
        reason, detail = refused.args
        return {"reason": reason, "detail": detail}
