"""Portal events: CloudEvents 1.0, structured or binary (contract section 2).

`decode` takes a record as Kafka gives it, `from_json` one line of a recorded log.  Both return
an `Event` or a `Refusal`; neither raises for what a sender may send.  A refusal's detail names
the path and the rule, never a value: what could identify a patient stays in the dead letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum
from typing import Final

import msgspec

from schemas import instants
from schemas.policy import WORKFLOWS


class Action(IntEnum):
    """What an event does to its item; the order is that of R1 while a cycle runs."""

    STOP = 0
    CANCEL = 1
    OPEN = 2
    RESUME = 3
    ROUTE = 4
    ATTEMPT = 5
    PAUSE = 6
    ACKNOWLEDGE = 7
    SNOOZE = 8
    HEARTBEAT = 9


def _types() -> dict[str, tuple[str, Action]]:
    actions = {
        "message": {
            "sent": Action.OPEN, "replied": Action.STOP, "closed": Action.STOP,
            "awaiting_patient": Action.PAUSE, "assigned": Action.ROUTE,
        },
        "appointment": {
            "requested": Action.OPEN, "confirmed": Action.STOP, "declined": Action.STOP,
            "offered": Action.PAUSE, "answered": Action.RESUME, "cancelled": Action.CANCEL,
            "assigned": Action.ROUTE, "moved": Action.ROUTE,
        },
        "result": {
            "promised": Action.OPEN, "released": Action.STOP, "looked_up": Action.ATTEMPT,
            "cancelled": Action.CANCEL, "assigned": Action.ROUTE, "moved": Action.ROUTE,
        },
        "questionnaire": {
            "submitted": Action.OPEN, "reviewed": Action.STOP, "cancelled": Action.CANCEL,
            "assigned": Action.ROUTE, "moved": Action.ROUTE,
        },
    }  # fmt: skip
    return {f"portal.{w}.{verb}": (w, action) for w, verbs in actions.items() for verb, action in verbs.items()}


TYPES: Final = _types()
"""Event type to (workflow, action)."""
COMMANDS: Final = {
    "portal.command.acknowledged": Action.ACKNOWLEDGE,
    "portal.command.snoozed": Action.SNOOZE,
    "portal.command.assigned": Action.ROUTE,
}
HEARTBEAT: Final = "portal.feed.heartbeat"
COMMAND_TOPIC: Final = "command"
"""The name of the commands' input beside the four workflows."""

SUBJECT: Final = re.compile(r"[A-Za-z0-9._~-]{1,128}", re.ASCII)
_TEXTS = ("department", "site", "pool", "owner", "priority", "kind")
MAX_TEXT = 1024
"""Characters of an id, a source, a type or a routing field: an alert repeats them, and must fit into a record."""


class Entry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One event as an item's history keeps it; absent routing fields are None."""

    time: int
    """Microseconds."""
    id: str
    source: str
    action: int
    department: str | None = None
    site: str | None = None
    pool: str | None = None
    owner: str | None = None
    priority: str | None = None
    kind: str | None = None
    anchor: int | None = None
    """Microseconds."""
    by: str | None = None
    """Of a command: who gave it."""
    until: int | None = None
    """Of a snooze: microseconds."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """An accepted event: which item it concerns, and its history entry."""

    workflow: str
    """One of WORKFLOWS; for a heartbeat the feed's workflow, or empty where none is known."""
    subject: str
    type: str
    entry: Entry


class Refusal(msgspec.Struct, frozen=True):
    """Why an event is not taken: a reason of R14 and a detail that names path and rule."""

    reason: str
    detail: str


class _Data(msgspec.Struct, frozen=True):
    department: str | None = None
    site: str | None = None
    pool: str | None = None
    owner: str | None = None
    priority: str | None = None
    kind: str | None = None
    anchor: str | None = None
    by: msgspec.Raw = msgspec.Raw()
    workflow: msgspec.Raw = msgspec.Raw()
    until: msgspec.Raw = msgspec.Raw()
    """The last three are read of commands alone: for other events they are fields like any that are ignored."""


class _Envelope(msgspec.Struct, frozen=True):
    specversion: str
    id: str
    source: str
    type: str
    time: str
    subject: str | None = None
    data: _Data | None = None
    data_base64: msgspec.Raw = msgspec.Raw()


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_DATA = msgspec.json.Decoder(_Data)
_STRING = msgspec.json.Decoder(str)
_NO_DATA = _Data()


def decode(value: bytes | None, headers: Iterable[tuple[str, bytes]], topic: str | None = None) -> Event | Refusal:
    """A Kafka record's value and headers, structured or binary.

    Args:
        topic: the input that it came from, one of WORKFLOWS or `command`; None takes every type.
    """
    attributes = {k[3:]: v for k, v in headers if k.startswith("ce_")}
    if "specversion" in attributes or "type" in attributes:
        return _binary(value, attributes, topic)
    if value is None:
        return Refusal("undecodable", "value: empty; a CloudEvent 1.0 in JSON or with ce_ headers was expected")
    return from_json(value, topic)


def from_json(value: bytes | str, topic: str | None = None) -> Event | Refusal:
    """A CloudEvent in structured JSON mode."""
    try:
        envelope = _ENVELOPE.decode(value)
    except msgspec.ValidationError as error:
        path = _path(str(error))
        if path == "event":
            missing = re.search(r"missing required field `(\w+)`", str(error))
            if missing is None:
                return Refusal("undecodable", "event: a JSON object was expected")
            return Refusal("invalid", f"{missing[1]}: required")
        return Refusal("invalid", f"{path}: {_rule(str(error))}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Refusal("undecodable", "event: not JSON in UTF-8")
    if envelope.data_base64:
        return Refusal("invalid", "data_base64: give `data` as a JSON object instead")
    return _accept(envelope, envelope.data or _NO_DATA, topic)


def _binary(value: bytes | None, attributes: dict[str, bytes], topic: str | None) -> Event | Refusal:
    given = {}
    for name in ("specversion", "id", "source", "type", "time", "subject"):
        raw = attributes.get(name)
        if raw is None and name != "subject":
            return Refusal("invalid", f"ce_{name}: required")
        try:
            given[name] = raw.decode() if raw is not None else None
        except UnicodeDecodeError:
            return Refusal("invalid", f"ce_{name}: must be UTF-8")
    try:
        data = _DATA.decode(value) if value else _NO_DATA
    except msgspec.ValidationError as error:
        path = _path(str(error)).replace("event", "data")
        return Refusal("invalid", f"{path if path.startswith('data') else 'data.' + path}: {_rule(str(error))}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Refusal("undecodable", "data: not JSON in UTF-8")
    return _accept(_Envelope(**given), data, topic)  # type: ignore[arg-type]  # None only for subject


def _path(message: str) -> str:
    found = re.search(r"at `\$\.?([^`]*)`", message)
    return (found[1] if found else "") or "event"


def _rule(message: str) -> str:
    """Msgspec's message without its path; it never holds a value."""
    return message.split(" - at ", maxsplit=1)[0].replace("Expected `", "must be `").replace(" | null`", "`")


def _accept(e: _Envelope, data: _Data, topic: str | None) -> Event | Refusal:
    if e.specversion != "1.0":
        return Refusal("invalid", "specversion: must be 1.0")
    try:
        for name, text in (("id", e.id), ("source", e.source), ("type", e.type)):
            _bounded(name, text)
    except ValueError as error:
        return Refusal("invalid", str(error))
    known = _kind(e.type, topic)
    if known is None:
        where = f" on the topic of {topic}s" if topic else ""
        return Refusal("unknown_type", f"type: not a type that is known{where}")
    workflow, action = known
    try:
        time = _instant("time", e.time)
        if action is Action.HEARTBEAT:
            return Event(workflow, e.subject or "", e.type, Entry(time, e.id, e.source, action))
        if e.subject is None or not SUBJECT.fullmatch(e.subject):
            raise ValueError("subject: must be 1 to 128 of A-Z a-z 0-9 . _ ~ -")
        entry = _entry(e, time, action, data)
        if workflow == COMMAND_TOPIC:
            workflow = _command_workflow(data)
    except ValueError as error:
        return Refusal("invalid", str(error))
    return Event(workflow, e.subject, e.type, entry)


def _kind(type_: str, topic: str | None) -> tuple[str, Action] | None:
    if type_ == HEARTBEAT:
        return (topic if topic in WORKFLOWS else "") or "", Action.HEARTBEAT
    if type_ in COMMANDS:
        known: tuple[str, Action] | None = (COMMAND_TOPIC, COMMANDS[type_])
    else:
        known = TYPES.get(type_)
    return known if known is None or topic is None or known[0] == topic else None


def _entry(e: _Envelope, time: int, action: Action, data: _Data) -> Entry:
    if data is _NO_DATA:
        if action is Action.SNOOZE:
            raise ValueError("data.until: required for a snooze")
        return Entry(time, e.id, e.source, action)
    for name in _TEXTS:
        if (given := getattr(data, name)) is not None:
            _bounded(f"data.{name}", given)
    by = _text("by", data.by) if e.type in COMMANDS else None
    until = None
    if action is Action.SNOOZE:
        until = _instant("data.until", _text("until", data.until) or "")
    anchor = None if data.anchor is None else _instant("data.anchor", data.anchor)
    return Entry(
        time, e.id, e.source, action, data.department, data.site, data.pool, data.owner, data.priority, data.kind,
        anchor, by, until,
    )  # fmt: skip


def _text(name: str, raw: msgspec.Raw) -> str | None:
    """A field that only commands have; None where it is not given."""
    if not raw or bytes(raw) == b"null":
        if name == "until":
            raise ValueError("data.until: required for a snooze")
        return None
    try:
        given = _STRING.decode(raw)
    except msgspec.ValidationError:
        raise ValueError(f"data.{name}: must be `str`") from None
    _bounded(f"data.{name}", given)
    return given


def _bounded(path: str, given: str) -> None:
    if not given:
        raise ValueError(f"{path}: must not be empty{'; leave it out instead' if path.startswith('data.') else ''}")
    if len(given) > MAX_TEXT:
        raise ValueError(f"{path}: must have at most {MAX_TEXT} characters")


def _command_workflow(data: _Data) -> str:
    workflow = _text("workflow", data.workflow)
    if workflow not in WORKFLOWS:
        raise ValueError(f"data.workflow: must be one of {', '.join(WORKFLOWS)}")
    if _text("by", data.by) is None:
        raise ValueError("data.by: required for a command")
    return workflow


def _instant(path: str, given: str) -> int:
    try:
        instant = instants.parse(given)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if not instants.FIRST <= instant <= instants.LAST:
        raise ValueError(f"{path}: lies outside 2000-01-01 to 2099-12-31 UTC, for which calendars answer")
    return instant
