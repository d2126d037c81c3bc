"""A real HTTP server whose answers a test scripts, and a TLS one that nobody trusts."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Scripted:
    """Answers with the script's statuses, one after the other, then with 204. `times`: of the loop's clock."""

    def __init__(self) -> None:
        self.script: list[int | Answer] = []
        self.by_body: Callable[[bytes], int] | None = None
        """In place of the script."""
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.extra: dict[str, str] = {}
        self.at_once = self.most = 0
        self.slow = 0.0
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            self.times.append(asyncio.get_running_loop().time())
            self.bodies.append(body := await request.read())
            self.headers.append(dict(request.headers))
            await asyncio.sleep(self.slow)
            if self.by_body is not None:
                return web.Response(status=self.by_body(body))
            step = self.script.pop(0) if self.script else 204
            if not isinstance(step, int):
                return await step(request)
            return web.Response(status=step, headers=self.extra if step >= 300 else {})
        finally:
            self.at_once -= 1


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Scripted]:
    """On a free port of loopback, for the length of a block."""
    made = Scripted()
    app = web.Application()
    app.router.add_post("/secret-path", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    made.url = f"http{'s' if tls else ''}://127.0.0.1:{port}/secret-path"
    try:
        yield made
    finally:
        await runner.cleanup()


async def hang(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.Response()


async def cut(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def trickle(request: web.Request) -> web.StreamResponse:
    """200 at once, and a body that never ends."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b".")
        await asyncio.sleep(0.05)
