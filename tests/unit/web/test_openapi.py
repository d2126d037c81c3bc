"""The OpenAPI document is valid, and tells of every path that is served."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

from faust.web.drivers.aiohttp import Web
from openapi_spec_validator import validate

from streams.web.openapi import document
from tests.unit.web.site import app


def test_it_is_valid() -> None:
    validate(json.loads(json.dumps(document("http://127.0.0.1:6066"))))


def test_it_has_every_path_and_no_other(tmp_path: Path) -> None:
    served = {
        (route.method, cast(Any, route.resource).canonical)
        for route in cast(Web, app(tmp_path).web).web_app.router.routes()
        if route.method != "HEAD" and route.resource is not None
    }
    paths = document("http://127.0.0.1:6066")["paths"]
    told = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    beside = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/api/pending")}
    assert told == {each for each in served if not each[1].startswith("/internal/")} - beside


def test_every_reference_is_there() -> None:
    whole = document("http://127.0.0.1:6066")
    text = json.dumps(whole)
    for kind, name in set(re.findall(r'"#/components/(\w+)/(\w+)"', text)):
        assert name in whole["components"][kind]
