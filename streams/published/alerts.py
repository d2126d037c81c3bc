"""The JSON Schema of an alert, made from the form that is encoded (`schemas.alerts`)."""

from __future__ import annotations

from typing import Final

from schemas import alerts
from schemas.alerts import Alert
from schemas.policy import TARGETS, WORKFLOWS
from streams.published.common import DEFS, Schema, document, parts, plain

INSTANT: Final = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$"
"""An instant as it is printed: UTC, to the microsecond, no trailing zeros."""
TYPES: Final = (alerts.FIRED, alerts.RESOLVED, alerts.NOTICE, alerts.FEED_SILENT, alerts.FEED_RESTORED)
REASONS: Final = ("met", "missed", "cancelled", "paused", "moved", "expired", "policy")
WORDS: Final = {
    "state": ("firing", "resolved", "notice"),
    "severity": ("warning", "critical"),
    "workflow": WORKFLOWS,
    "reason": REASONS,
    "feed": ("silent",),
}
"""Fields of `data` that have one of a few words."""
SAID: Final = {
    "alert": "The id of the firing alert that it is about.",
    "notify": "The targets, in the order of the stages.",
    "recipients": "The names that the targets resolve to.",
    "stage_at": "When somebody may be called.",
    "opened_at": "When the cycle began.",
    "short_notice": "True if fair notice moved the due; else left out.",
    "catch_up": "True if it was held back until the inputs were read; else left out.",
    "follow_ups": "How often the patient has asked again.",
    "policy": "The version of the policy.",
    "count": "Of a catch-up notice: how many alerts were held back.",
    "by": "Of an acknowledgement: who gave it.",
}


def alert_parts(template: str = DEFS) -> dict[str, Schema]:
    """The schemas of an alert and its data. Later versions only add fields, so others are allowed."""
    found = parts(Alert, template)
    alert, data = found["Alert"], found["AlertData"]
    alert["properties"] |= {
        "specversion": {"const": "1.0"},
        "type": {"enum": list(TYPES)},
        "time": {"type": "string", "pattern": INSTANT},
        "dataschema": {"const": alerts.DATASCHEMA},
    }
    alert["required"] = list(Alert.__struct_fields__)
    data["properties"] = {name: _field(name, given) for name, given in data["properties"].items()}
    return {"Alert": alert, "AlertData": data}


def alert_schema() -> Schema:
    """The JSON Schema document."""
    return document("alert", "Portalwatch alert", alert_parts())


def _field(name: str, given: Schema) -> Schema:
    schema = plain(given)
    if name in WORDS:
        schema = {"enum": list(WORDS[name])}
    elif name == "notify":
        schema = {"type": "array", "items": {"enum": list(TARGETS)}, "uniqueItems": True}
    elif name == "recipients":
        schema |= {"uniqueItems": True}
    elif name.endswith("_at"):
        schema |= {"pattern": INSTANT}
    elif schema.get("type") == "integer":
        schema |= {"minimum": 0}
    elif schema.get("type") == "boolean":
        schema = {"const": True}
    return schema | ({"description": SAID[name]} if name in SAID else {})
