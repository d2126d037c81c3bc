"""The JSON Schema of an event: a CloudEvent 1.0 in structured JSON mode, as `schemas.events` accepts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from schemas.events import COMMANDS, HEARTBEAT, TYPES
from schemas.policy import WORKFLOWS
from streams.published.common import DEFS, INSTANT, ITEM, Schema, document, parts

Name = Annotated[str, Meta(min_length=1)]
Instant = Annotated[str, Meta(pattern=INSTANT, description="RFC 3339 with an offset, 2000-01-01 to 2099-12-31 UTC.")]
SNOOZED: Final = "portal.command.snoozed"


class EventData(Struct):
    """What an event says of its item. Every field may be left out, or be null; others are ignored."""

    department: Annotated[Name | None, Meta(description="Absent: the item's, at first `unassigned`.")] = None
    site: Name | None = None
    pool: Annotated[Name | None, Meta(description="Absent: the department's.")] = None
    owner: Name | None = None
    priority: Annotated[Name | None, Meta(description="Absent: `routine`.")] = None
    kind: Name | None = None
    patient: Annotated[str | None, Meta(description="An opaque surrogate.")] = None
    anchor: Annotated[Instant | None, Meta(description="The visit, the slot asked for, the promised date.")] = None
    by: Annotated[Name | None, Meta(description="Of a command: who gives it.")] = None
    workflow: Annotated[str | None, Meta(description="Of a command: one of the four workflows.")] = None
    until: Annotated[str | None, Meta(description="Of a snooze: until when, RFC 3339 with an offset.")] = None


class Event(Struct):
    """One event of an item, or a heartbeat of a feed. Other attributes are ignored."""

    specversion: str
    id: Annotated[str, Meta(min_length=1, description="With `source`, unique: the same event twice changes nothing.")]
    source: Name
    type: str
    time: Annotated[Instant, Meta(description="When it happened.")]
    subject: Annotated[str | None, Meta(description="The item; a heartbeat needs none.")] = None
    data: EventData | None = None


def event_parts(template: str = DEFS) -> dict[str, Schema]:
    """The schemas of an event and its data, with what a form cannot say: which type needs what."""
    found = parts(Event, template)
    event = found["Event"]
    event["properties"]["specversion"] = {"const": "1.0"}
    event["properties"]["type"] = {"enum": types()}
    event["not"] = {"required": ["data_base64"]}
    item = {"required": ["subject"], "properties": {"subject": {"type": "string", "pattern": ITEM}}}
    event["allOf"] = [
        _when([HEARTBEAT], {}, item),
        _when(list(COMMANDS), _command()),
        _when([SNOOZED], _data({"until": {"type": "string", "pattern": INSTANT}})),
    ]
    return {"Event": event, "EventData": found["EventData"]}


def types(workflow: str | None = None) -> list[str]:
    """The event types: all, or those of a workflow's topic; a heartbeat may come on each."""
    if workflow is None:
        return [*TYPES, *COMMANDS, HEARTBEAT]
    return [*(name for name, (whose, _) in TYPES.items() if whose == workflow), HEARTBEAT]


def event_schema() -> Schema:
    """The JSON Schema document."""
    return document("event", "Portalwatch event", event_parts())


def _when(names: Sequence[str], then: Schema, otherwise: Schema | None = None) -> Schema:
    condition = {"properties": {"type": {"enum": list(names)}}, "required": ["type"]}
    return {"if": condition, "then": then} | ({} if otherwise is None else {"else": otherwise})


def _command() -> Schema:
    return _data({"workflow": {"enum": list(WORKFLOWS)}, "by": {"type": "string", "minLength": 1}})


def _data(properties: dict[str, Schema]) -> Schema:
    inner = {"type": "object", "properties": properties, "required": list(properties)}
    return {"properties": {"data": inner}, "required": ["data"]}
