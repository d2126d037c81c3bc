"""The OpenAPI 3.1 document, made from the routes and the forms, so it cannot tell another tale."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from streams.published.alerts import alert_parts
from streams.web.forms_acts import Change, Problem, Status
from streams.web.problems import TYPE
from streams.web.routes import ROUTES, TITLES, Parameter, Route

VERSION: Final = "3.1.0"
REF: Final = "#/components/schemas/{name}"
ALWAYS: Final = (421, 429, 500)


def document(url: str, version: str = "1") -> dict[str, Any]:
    """The document of a server that is reached at `url`."""
    forms = {form for route in ROUTES for form in (route.body, route.answer) if form is not None}
    named = sorted(forms | {Problem, Change, Status}, key=lambda form: form.__name__)
    _, schemas = msgspec.json.schema_components(named, ref_template=REF)
    schemas |= {name: part for name, part in alert_parts(REF).items() if name in schemas}
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": VERSION,
        "info": {
            "title": "Portalwatch",
            "version": version,
            "description": "What is pending, why it is due when it is, and what staff do about it. Any worker answers "
            "for all. A field without a value is left out, as is a list that is empty and not required.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url}],
        "security": [{"bearer": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "portalwatch-session"},
            },
            "responses": {str(status): _problem(status) for status in (*TITLES, 500)},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "responses": {str(route.status): _answer(route)} | {
            str(status): {"$ref": f"#/components/responses/{status}"}
            for status in sorted({*route.errors, *ALWAYS, 401})
        },
    }  # fmt: skip
    if route.open:
        found["security"] = []
    if route.parameters:
        found["parameters"] = [_parameter(each) for each in route.parameters]
    if route.body is not None:
        schema = {"$ref": REF.format(name=route.body.__name__)}
        required = bool(msgspec.json.schema_components([route.body])[1][route.body.__name__].get("required"))
        found["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    return found


def _answer(route: Route) -> dict[str, Any]:
    if route.answer is None and route.status != 200:
        return {"description": "Done"}
    schema: dict[str, Any] = {"type": "string" if route.content.startswith("text/") else "object"}
    if route.answer is not None:
        schema = {"$ref": REF.format(name=route.answer.__name__)}
    return {"description": route.summary, "content": {route.content: {"schema": schema}}}


def _parameter(each: Parameter) -> dict[str, Any]:
    return {
        "name": each.name,
        "in": each.place,
        "required": each.place == "path",
        "description": each.description,
        "schema": each.schema,
    }


def _problem(status: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": TITLES.get(status, "The worker failed; its log says how"),
        "content": {TYPE: {"schema": {"$ref": REF.format(name="Problem")}}},
    }
    if status in (429, 503):
        found["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}
    return found
