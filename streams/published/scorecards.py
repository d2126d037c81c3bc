"""The JSON Schema of a scorecard, made from the form that is encoded (`schemas.scorecards`)."""

from __future__ import annotations

from schemas import scorecards
from schemas.policy import WORKFLOWS
from schemas.scorecards import Scorecard
from streams.published.alerts import INSTANT
from streams.published.common import DEFS, Schema, document, parts, plain
from streams.scorecards import LIMITS


def scorecard_parts(template: str = DEFS) -> dict[str, Schema]:
    """The schemas of a scorecard, its data and its response times. Later versions only add fields."""
    found = parts(Scorecard, template)
    found["Scorecard"]["properties"] |= {
        "specversion": {"const": "1.0"},
        "type": {"const": scorecards.SCORECARD},
        "time": {"type": "string", "pattern": INSTANT},
        "dataschema": {"const": scorecards.DATASCHEMA},
    }
    found["Scorecard"]["required"] = list(Scorecard.__struct_fields__)
    data = found["ScorecardData"]
    data["properties"] = {name: _field(name, given) for name, given in data["properties"].items()}
    count = {"type": "integer", "minimum": 0}
    found["ResponseSeconds"]["properties"] = {
        "sum": {"type": "number", "minimum": 0},
        "count": count,
        "buckets": {"type": "object", "properties": dict.fromkeys(LIMITS, count), "required": list(LIMITS)},
    }
    return found


def scorecard_schema() -> Schema:
    """The JSON Schema document."""
    return document("scorecard", "Portalwatch scorecard", scorecard_parts())


def _field(name: str, given: Schema) -> Schema:
    if "$ref" in given:
        return given
    schema = plain(given)
    if name == "workflow":
        return {"enum": list(WORKFLOWS)}
    if name.startswith("window_"):
        return schema | {"pattern": INSTANT}
    return schema | ({"minimum": 0} if schema.get("type") == "integer" else {})
