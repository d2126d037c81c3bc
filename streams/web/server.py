"""The parts of the interface put together, and put on Faust's web server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from schemas import topics
from streams.core.engine import Engine
from streams.runtime import App
from streams.runtime.health import CAUGHT_UP
from streams.settings import Settings
from streams.watch import Watch
from streams.web.acts import Acts
from streams.web.api import LARGEST, Api
from streams.web.changes import Changes
from streams.web.guard import Guard
from streams.web.hub import Hub
from streams.web.identity import Identity
from streams.web.internal import Internal
from streams.web.local import Local
from streams.web.members import Group
from streams.web.peers import Peers
from streams.web.refs import Refs
from streams.web.routes import ROUTES
from streams.web.sse import Streams
from streams.web.whole import INTERNAL, Whole

OPTIONS: Final = {"client_max_size": LARGEST}
"""For the `aiohttp.web.Application` that Faust makes."""


class Server:
    """The interface of one worker.

    `guard` and `whole`, `streams`: for pages that are served beside the API.
    """

    def __init__(self, app: App, watch: Watch, given: Settings, client: Mapping[str, Any]) -> None:
        self._app, self._watch = app, watch
        self.identity = Identity(given)
        self.guard = Guard(self.identity, self._now)
        self._refs = (b"", Refs(b""))
        self.local = Local(watch, self._held, self._behind, self.refs)
        self._group, self._peers = Group(client, given.app_id), Peers(self.identity, app.steady.now)
        url = given.advertised_url
        self.whole = Whole(self.local, watch, self._group, self._peers, url)
        self._changes = Changes(self.local)
        self.hub = Hub(self._changes, self.whole, self._peers, url)
        self.streams = Streams(self.hub, self.whole, watch)
        self._acts = Acts(client, topics.COMMANDS.name(given.prefix), given.app_id, self._judged)
        self.api = Api(self.whole, self._acts, self.streams, watch, self.guard, self._now, url)
        self._internal = Internal(self.local, self._changes, self.identity, app.steady.now)

    def attach(self, site: web.Application) -> None:
        """Add the guard and the routes to the application of Faust's web server, and end with it."""
        site.middlewares.append(self.guard.middleware())
        for route in ROUTES:
            site.router.add_route(route.method, route.path, getattr(self.api, route.name))
        for name in ("items", "alerts", "item", "stream"):
            site.router.add_post(INTERNAL + name, getattr(self._internal, name))
        site.on_shutdown.append(self._shut)
        site.on_cleanup.append(self._close)

    def refs(self) -> Refs:
        """References, made with the key that is in force."""
        key = self.identity.refs_key
        if key != self._refs[0]:
            self._refs = (key, Refs(key))
        return self._refs[1]

    async def _shut(self, _site: web.Application) -> None:
        """End what would else be open for ever."""
        await self.hub.close()
        await self._changes.close()

    async def _close(self, _site: web.Application) -> None:
        await self.local.views.close()
        await self._acts.close()
        await self._peers.close()
        await self._group.close()

    def _judged(self) -> int:
        """Microseconds of the clock that judges."""
        return self._watch.clock.now()

    def _now(self) -> int:
        """Microseconds of the wall."""
        return round(self._app.steady.now() * 1e6)

    def _held(self) -> dict[int, Engine]:
        """The engines for which this worker may speak: a partition that was lost goes on elsewhere."""
        lanes = self._app.lanes.lanes
        return {
            partition: engine
            for partition, engine in self._watch.held().items()
            if (lane := lanes.get(partition)) is not None and not lane.lost and lane.recovered
        }

    def _behind(self, partition: int) -> bool:
        """Whether a partition's inputs have not been read to an end that is of now."""
        lane = self._app.lanes.lanes.get(partition)
        return lane is None or self._app.steady.now() - lane.gate.known > CAUGHT_UP
