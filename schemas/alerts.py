"""Alerts: what Portalwatch says (contract section 5), as CloudEvents in structured JSON mode."""

from __future__ import annotations

import msgspec

from schemas.instants import compact
from schemas.policy import UNASSIGNED

DATASCHEMA = "urn:portalwatch:schema:/alert/1"
FIRED = "portal.alert.fired"
RESOLVED = "portal.alert.resolved"
NOTICE = "portal.alert.notice"
FEED_SILENT = "portal.feed.silent"
FEED_RESTORED = "portal.feed.restored"


class AlertData(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """What an alert says; a field without a value is left out.  Instants are text."""

    alert: str | None = None
    state: str
    stage: str | None = None
    severity: str | None = None
    notify: list[str] | None = None
    recipients: list[str] | None = None
    workflow: str
    item: str | None = None
    clock: str | None = None
    department: str | None = None
    site: str | None = None
    pool: str | None = None
    owner: str | None = None
    priority: str | None = None
    kind: str | None = None
    guide: str | None = None
    opened_at: str | None = None
    due_at: str | None = None
    stage_at: str | None = None
    fired_at: str | None = None
    resolved_at: str | None = None
    closed_at: str | None = None
    reason: str | None = None
    short_notice: bool | None = None
    catch_up: bool | None = None
    attempts: int | None = None
    follow_ups: int | None = None
    feed: str | None = None
    by: str | None = None
    count: int | None = None
    policy: str | None = None
    partition: int | None = None


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One CloudEvent of `portal.alerts`."""

    specversion: str = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: str
    dataschema: str = DATASCHEMA
    data: AlertData


Kind = tuple[str, str, str, str]
"""Workflow, department (as the item names it), stage and severity."""


class _KindData(msgspec.Struct, gc=False):
    workflow: str
    department: str = UNASSIGNED
    stage: str = ""
    severity: str = ""


class _Kind(msgspec.Struct, gc=False):
    data: _KindData


_KIND = msgspec.json.Decoder(_Kind)
_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Alert)


def encode(alert: Alert) -> bytes:
    """JSON in UTF-8, always the same bytes for the same alert."""
    return _ENCODER.encode(alert)


def decode(value: bytes) -> Alert:
    """An alert as `encode` wrote it; fields that a later version added are ignored.

    Raises:
        msgspec.DecodeError, msgspec.ValidationError: if it is not one.
    """
    return _DECODER.decode(value)


def kind(value: bytes) -> Kind:
    """What kind of alert `encode` wrote: what is left out has no value, and the rest is passed over."""
    data = _KIND.decode(value).data
    return data.workflow, data.department, data.stage, data.severity


def cycle_id(workflow: str, item: str, clock: str, start: int) -> str:
    """What the ids of a cycle's alerts begin with."""
    return f"{workflow}:{item}:{clock}:{compact(start)}"
