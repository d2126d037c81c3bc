"""HTTP pages of a worker: alive, ready, and what is pending (contract section 10, in part)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from aiohttp import web
from faust.web import Request, Response, View

from schemas import instants
from streams.census import census
from streams.runtime import App
from streams.watch import Watch
from streams.web.api import person
from streams.web.problems import Refused

UNREADY = 503


def attach(app: App, watch: Watch) -> None:
    """`/healthz`, `/readyz` and `/api/pending`."""

    @app.page("/healthz")
    async def healthz(view: View, request: Request) -> Response:  # noqa: ARG001 - Faust's form
        return view.json({"status": "live"})

    @app.page("/readyz")
    async def readyz(view: View, request: Request) -> Response:  # noqa: ARG001 - Faust's form
        ready, why = app.lanes.ready()
        body: dict[str, Any] = {"ready": ready, "why": why, "partitions": app.lanes.status()}
        return view.json(body, status=200 if ready else UNREADY)

    @app.page("/api/pending")
    async def pending(view: View, request: Request) -> Response:
        if person(cast(web.Request, request)).departments is not None:
            raise Refused(HTTPStatus.FORBIDDEN, "only who may see every department may ask for the sums")
        now = watch.clock.now()
        counted = await census(watch.held().values(), now)
        return view.json({"now": instants.text(now), **counted})
