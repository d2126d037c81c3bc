"""Portal events: CloudEvents 1.0, structured or binary (contract section 2).

`decode` takes a record as Kafka gives it, `from_json` one line of a recorded log.  Both return
an `Event` or a `Refusal`; neither raises for what a sender may send.  A refusal's detail names
the path and the rule, never a value: what could identify a patient stays in the dead letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from schemas import instants
from schemas.entries import Action, Data, Entry, Envelope, Refusal
from schemas.policy import WORKFLOWS

__all__ = [
    "COMMANDS", "COMMAND_TOPIC", "HEARTBEAT", "MAX_TEXT", "SUBJECT", "TYPES",
    "Action", "Entry", "Event", "Refusal", "decode", "from_json",
]  # fmt: skip


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

BEATS: Final = int(Action.HEARTBEAT)
SNOOZES: Final = int(Action.SNOOZE)
_KINDS: Final = {
    **{name: (workflow, int(action)) for name, (workflow, action) in TYPES.items()},
    **{name: (COMMAND_TOPIC, int(action)) for name, action in COMMANDS.items()},
}

MAX_SUBJECT: Final = 128
SUBJECT: Final = re.compile(r"[A-Za-z0-9._~-]{1,128}", re.ASCII)
EARLIEST: Final = int(instants.FIRST)
LATEST: Final = int(instants.LAST)
_TEXTS: Final = ("department", "site", "pool", "owner", "priority", "kind")
MAX_TEXT: Final = 1024
"""Characters of an id, a source, a type or a routing field: an alert repeats them, and must fit into a record."""


_ENVELOPE: Final = msgspec.json.Decoder(Envelope)
_DATA: Final = msgspec.json.Decoder(Data)
_STRING: Final = msgspec.json.Decoder(str)
_NO_DATA: Final = Data()
_KEPT: Final = Entry  # names of this module: compiled, they are reached without a look into a dictionary
_taken_apart: Final = astuple
_TIME: Final = 4  # of the places in an envelope
_SUBJECT: Final = 5
_CARRIED: Final = 6
_BASE64: Final = 7


class Event:
    """An accepted event: which item it concerns, and its history entry.

    `workflow`: one of WORKFLOWS; for a heartbeat the feed's, or empty where none is known. `key`: of its item.
    `time` (microseconds) and `action` are the entry's; `first`, `last`: of its time, anchor and until.
    """

    __slots__ = ("action", "entry", "first", "key", "last", "subject", "time", "type", "workflow")

    def __init__(
        self, workflow: str, subject: str, type: str, entry: Entry, key: bytes, time: int, action: int  # noqa: A002 - CloudEvents' word
    ) -> None:  # fmt: skip
        self.workflow, self.subject, self.type, self.entry = workflow, subject, type, entry
        self.key, self.time, self.action = key, time, action
        self.first, self.last = time, time

    @staticmethod
    def of(workflow: str, subject: str, type: str, entry: Entry) -> Event:  # noqa: A002 - as above
        """The event of an entry."""
        event = Event(workflow, subject, type, entry, f"{workflow}:{subject}".encode(), entry.time, entry.action)
        for other in (entry.anchor, entry.until):
            if other is not None:
                event.first, event.last = min(event.first, other), max(event.last, other)
        return event

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and (self.key, self.type, self.entry) == (other.key, other.type, other.entry)

    def __hash__(self) -> int:
        return hash((self.key, self.type, self.entry))

    def __repr__(self) -> str:
        return f"Event({self.workflow!r}, {self.subject!r}, {self.type!r}, {self.entry!r})"


def decode(
    value: bytes | None, headers: Iterable[tuple[str, bytes | None]], topic: str | None = None
) -> Event | Refusal:
    """A Kafka record's value and headers, structured or binary.

    Args:
        topic: the input that it came from, one of WORKFLOWS or `command`; None takes every type.
    """
    attributes = {k[3:]: v for k, v in headers if k.startswith("ce_")} if headers else {}
    if attributes and ("specversion" in attributes or "type" in attributes):
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
    given = _taken_apart(envelope)
    if given[_BASE64]:
        return Refusal("invalid", "data_base64: give `data` as a JSON object instead")
    return _accept(given, given[_CARRIED] or _NO_DATA, topic)


def _binary(value: bytes | None, attributes: dict[str, bytes | None], topic: str | None) -> Event | Refusal:
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
    return _accept(_taken_apart(Envelope(**given)), data, topic)  # type: ignore[arg-type]  # None only for subject


def _path(message: str) -> str:
    found = re.search(r"at `\$\.?([^`]*)`", message)
    return (found[1] if found else "") or "event"


def _rule(message: str) -> str:
    """Msgspec's message without its path; it never holds a value."""
    return message.split(" - at ", maxsplit=1)[0].replace("Expected `", "must be `").replace(" | null`", "`")


def _accept(given: tuple[Any, ...], data: Data, topic: str | None) -> Event | Refusal:
    """`given`: an envelope's fields."""
    id_: str = given[1]
    source: str = given[2]
    type_: str = given[3]
    if given[0] != "1.0":
        return Refusal("invalid", "specversion: must be 1.0")
    try:
        if not (0 < len(id_) <= MAX_TEXT and 0 < len(source) <= MAX_TEXT and 0 < len(type_) <= MAX_TEXT):
            for name, text in (("id", id_), ("source", source), ("type", type_)):
                _bounded(name, text)
        known = _kind(type_, topic)
        if known is not None:
            return _event(given, data, known[0], known[1], id_, source, type_)
    except ValueError as error:
        return Refusal("invalid", str(error))
    where = f" on the topic of {topic}s" if topic else ""
    return Refusal("unknown_type", f"type: not a type that is known{where}")


def _event(given: tuple[Any, ...], data: Data, workflow: str, action: int, id_: str, source: str, type_: str) -> Event:
    """ValueError says what is not as it should be."""
    subject: str | None = given[_SUBJECT]
    time = _instant("time", given[_TIME])
    if action == BEATS:
        return Event.of(workflow, subject or "", type_, _KEPT(time, id_, source, action))
    if subject is None or len(subject) > MAX_SUBJECT or _strange(subject):
        raise ValueError("subject: must be 1 to 128 of A-Z a-z 0-9 . _ ~ -")
    if data is _NO_DATA and workflow != COMMAND_TOPIC:
        key = f"{workflow}:{subject}".encode()
        return Event(workflow, subject, type_, _KEPT(time, id_, source, action), key, time, action)
    entry = _entry(id_, source, type_, time, action, data)
    if workflow == COMMAND_TOPIC:
        workflow = _command_workflow(data)
    return Event.of(workflow, subject, type_, entry)


def _strange(subject: str) -> bool:
    """Whether SUBJECT does not match; of letters, digits and hyphens alone it is quicker known."""
    usual = subject.isascii() and subject.replace("-", "").isalnum()
    return not usual and SUBJECT.fullmatch(subject) is None


def _kind(type_: str, topic: str | None) -> tuple[str, int] | None:
    """Workflow and action; None if the type is not one of the topic's."""
    known = _KINDS.get(type_)
    if known is not None:
        return known if topic is None or known[0] == topic else None
    if type_ == HEARTBEAT:
        return (topic if topic in WORKFLOWS else "") or "", BEATS
    return None


def _entry(id_: str, source: str, type_: str, time: int, action: int, data: Data) -> Entry:
    department, site, pool, owner, priority, kind = (
        data.department, data.site, data.pool, data.owner, data.priority, data.kind
    )  # fmt: skip
    for given in (department, site, pool, owner, priority, kind):
        if given is not None and not 0 < len(given) <= MAX_TEXT:
            _named_bounded(data)
    by = _text("by", data.by) if type_ in COMMANDS else None
    until = _instant("data.until", _text("until", data.until) or "") if action == SNOOZES else None
    anchor = None if data.anchor is None else _instant("data.anchor", data.anchor)
    return Entry(time, id_, source, action, department, site, pool, owner, priority, kind, anchor, by, until)


def _named_bounded(data: Data) -> None:
    """ValueError names the routing field that is empty or too long."""
    for name in _TEXTS:
        if (given := getattr(data, name)) is not None:
            _bounded(f"data.{name}", given)


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


def _command_workflow(data: Data) -> str:
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
    if not EARLIEST <= instant <= LATEST:
        raise ValueError(f"{path}: lies outside 2000-01-01 to 2099-12-31 UTC, for which calendars answer")
    return instant
