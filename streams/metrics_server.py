"""The server of `/metrics`, on an address of its own (settings METRICS_HOST and METRICS_PORT).

Theory of operation. A scrape reads live objects, so it runs on the event loop and in one go: no thread sees a partition
half taken. To write the text and to compress it takes longer, and needs what was read alone: that a thread does. One
scrape at a time, few that wait, the rest is sent away: whoever asks too often waits himself, and the loop, which also
sends alerts and heartbeats, does not. A loop that hangs leaves a scrape unanswered, and that is the truth about it.
"""

from __future__ import annotations

import asyncio
import errno
import gzip
from collections.abc import Callable, Sequence

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from streams.startup import CannotStart

WAITING = 8
"""Scrapes at a time, the one at work included."""
CLOSE_SECONDS = 1.0
"""So long may a scrape that is at work hold up the end."""
BUSY = 503


class Snapshot(Collector):
    """What was read at one moment."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Sequence[Metric]:
        """As it was read."""
        return self._families


class MetricsServer:
    """Serves one registry; nothing listens before `start`."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        self._host, self._port, self._registry = host, port, registry
        self._runner: web.AppRunner | None = None
        self._one = asyncio.Lock()
        self._asked = 0

    async def start(self) -> None:
        """Listen.

        Raises:
            CannotStart: the address cannot be had.
        """
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=CLOSE_SECONDS)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self.stop()
            raise CannotStart(_sentence(self._host, self._port, error)) from error

    async def stop(self) -> None:
        """Listen no more."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        if self._asked >= WAITING:
            return web.Response(status=BUSY, headers={"Retry-After": "1"}, text="too many scrapes at a time\n")
        self._asked += 1
        try:
            async with self._one:
                return await self._scrape(request)
        finally:
            self._asked -= 1

    async def _scrape(self, request: web.Request) -> web.Response:
        encoder, content_type = choose_encoder(request.headers.get("Accept", ""))
        zipped = _accepts_gzip(request.headers.get("Accept-Encoding", ""))
        snapshot = Snapshot(list(self._registry.collect()))
        body = await asyncio.to_thread(_written, encoder, snapshot, zipped)
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        return web.Response(body=body, headers=headers | ({"Content-Encoding": "gzip"} if zipped else {}))


def _written(encoder: Callable[[Collector], bytes], snapshot: Snapshot, zipped: bool) -> bytes:
    text = encoder(snapshot)
    return gzip.compress(text, compresslevel=1) if zipped else text


def _accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding names gzip, and not as `q=0`."""
    for each in header.lower().split(","):
        coding, _, quality = each.partition(";")
        if coding.strip() == "gzip":
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        why, advice = "the port is taken", "give a free one in PORTALWATCH_METRICS_PORT"
    elif error.errno == errno.EACCES:
        why, advice = "this user may not use the port", "give one above 1023 in PORTALWATCH_METRICS_PORT"
    else:
        why, advice = "it is no address of this machine", "give one in PORTALWATCH_METRICS_HOST"
    return f"the worker cannot start: metrics cannot be served on {host} port {port}: {why}; {advice}"
