"""A small validator for the JSON Schemas that are published: it knows the keywords that they use, and no others."""

from __future__ import annotations

import re
from typing import Any

Schema = dict[str, Any]

ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description", "default"}
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float),
    "boolean": (bool,), "null": (type(None),),
}  # fmt: skip
OF_TYPE = {
    "pattern": str, "minLength": str, "properties": dict, "required": dict, "propertyNames": dict,
    "minProperties": dict, "additionalProperties": dict, "items": list, "minItems": list, "uniqueItems": list,
    "minimum": int, "maximum": int,
}  # fmt: skip
"""Keywords that say something of values of one type alone."""


def valid(schema: Schema, value: Any, root: Schema | None = None) -> bool:
    """Whether a value, as JSON is decoded, fits a schema; references are looked up in `root`."""
    root = schema if root is None else root
    return all(_holds(keyword, given, schema, value, root) for keyword, given in schema.items())


def _holds(keyword: str, given: Any, schema: Schema, value: Any, root: Schema) -> bool:
    if keyword in ANNOTATIONS or keyword in ("then", "else"):
        return True
    if keyword in OF_TYPE:
        return not isinstance(value, OF_TYPE[keyword]) or _limited(keyword, given, schema, value, root)
    if keyword == "$ref":
        return valid(resolve(root, given), value, root)
    if keyword == "type":
        return isinstance(value, TYPES[given]) and (given == "boolean") == isinstance(value, bool)
    if keyword in ("enum", "const"):
        return value in (given if keyword == "enum" else [given])
    return _combined(keyword, given, schema, value, root)


def _limited(keyword: str, given: Any, schema: Schema, value: Any, root: Schema) -> bool:
    if isinstance(value, str):
        return re.search(given, value) is not None if keyword == "pattern" else len(value) >= int(given)
    if isinstance(value, dict):
        return _object(keyword, given, schema, value, root)
    if isinstance(value, list):
        return _array(keyword, given, value, root)
    return bool(value >= given if keyword == "minimum" else value <= given)


def _combined(keyword: str, given: Any, schema: Schema, value: Any, root: Schema) -> bool:
    if keyword == "not":
        return not valid(given, value, root)
    if keyword == "if":
        return valid(schema.get("then" if valid(given, value, root) else "else", {}), value, root)
    count = sum(valid(each, value, root) for each in given)
    return {"anyOf": count > 0, "oneOf": count == 1, "allOf": count == len(given)}[keyword]


def _object(keyword: str, given: Any, schema: Schema, value: dict[str, Any], root: Schema) -> bool:
    if keyword == "properties":
        return all(valid(each, value[name], root) for name, each in given.items() if name in value)
    if keyword == "required":
        return set(given) <= value.keys()
    if keyword == "propertyNames":
        return all(valid(given, name, root) for name in value)
    if keyword == "minProperties":
        return len(value) >= int(given)
    others = [each for name, each in value.items() if name not in schema.get("properties", {})]
    return not others if given is False else all(valid(given, each, root) for each in others)


def _array(keyword: str, given: Any, value: list[Any], root: Schema) -> bool:
    if keyword == "items":
        return all(valid(given, each, root) for each in value)
    return len(value) >= int(given) if keyword == "minItems" else len({repr(each) for each in value}) == len(value)


def resolve(root: Schema, reference: str) -> Any:
    """What `#/a/b` points to."""
    found: Any = root
    assert reference.startswith("#/"), reference
    for part in reference[2:].split("/"):
        found = found[part]
    return found


def references(document: Any) -> set[str]:
    """Every `$ref` of a document."""
    if isinstance(document, list):
        return {found for each in document for found in references(each)}
    if not isinstance(document, dict):
        return set()
    own = {document["$ref"]} if isinstance(document.get("$ref"), str) else set()
    return own | {found for each in document.values() for found in references(each)}
