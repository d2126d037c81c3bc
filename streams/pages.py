"""HTTP pages of a worker: alive, ready, and what is pending (contract section 10, in part)."""

from __future__ import annotations

import ipaddress
from typing import Any

from faust.web import Request, Response, View

from schemas import instants
from streams.census import census
from streams.runtime import App
from streams.watch import Watch

UNREADY = 503
FORBIDDEN = 403


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
        if not _is_local(request):
            return view.json({"error": "only this machine may ask"}, status=FORBIDDEN)
        now = watch.clock.now()
        counted = await census(list(watch.engines()), now)
        return view.json({"now": instants.text(now), **counted})


def _is_local(request: Any) -> bool:
    """Whether the request came over the loopback: nobody is asked who he is yet."""
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
