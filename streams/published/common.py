"""How a msgspec form becomes a JSON Schema of draft 2020-12, and the patterns that several forms share."""

from __future__ import annotations

from typing import Any, Final

import msgspec

Schema = dict[str, Any]

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
DEFS: Final = "#/$defs/{name}"
"""Where a JSON Schema keeps its parts."""
INSTANT: Final = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"
"""RFC 3339 with an offset."""
NULL: Final = {"type": "null"}
ITEM: Final = r"^[A-Za-z0-9._~-]{1,128}$"


def parts(form: type, template: str = DEFS) -> dict[str, Schema]:
    """The schemas of a form and of all that it is made of, by name; `template` is how they name each other."""
    _, found = msgspec.json.schema_components([form], ref_template=template)
    return found


def document(name: str, title: str, defs: dict[str, Schema]) -> Schema:
    """A JSON Schema document; `defs` has its parts, the whole first."""
    whole, *rest = defs
    head = {"$schema": DRAFT, "$id": f"urn:portalwatch:schema:/{name}/1", **defs[whole], "title": title}
    return head | ({"$defs": {part: defs[part] for part in rest}} if rest else {})


def plain(schema: Schema) -> Schema:
    """A field that is left out where it has no value: its types alone, without null and default."""
    given = {key: value for key, value in schema.items() if key not in ("default", "anyOf")}
    kinds: list[Schema] = [each for each in schema.get("anyOf", []) if each != NULL]
    if len(kinds) == 1:
        return kinds[0] | given
    return given | ({"anyOf": kinds} if kinds else {})
