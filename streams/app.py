"""The worker: the only place where things are wired.

`create(settings)` gives a Faust app on the runtime's lanes with its tables, agents and pages; nothing connects before
it starts. `app` is made from the environment when it is first asked for, so `faust -A streams.app worker` works as
with any Faust app, and importing this module for `create` costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any, cast

import faust
from aiokafka.errors import KafkaError
from faust.types.auth import CredentialsT
from faust.web.drivers.aiohttp import Web

from agents import delivery, intake, ticker
from schemas import topics
from schemas.events import COMMAND_TOPIC
from streams import fit, logs, metrics, pages
from streams.board.pages import Pages
from streams.clock import Clock
from streams.connection import client_options, tls
from streams.core.book import Book
from streams.delivery import sinks
from streams.delivery.service import Delivery
from streams.feeds import FeedLooker
from streams.metrics_pending import PendingCollector
from streams.metrics_server import MetricsServer
from streams.policies import Decree
from streams.runtime import App, Table
from streams.settings import Settings, load, secret
from streams.startup import CannotStart, Startup
from streams.tally import Tally
from streams.watch import Topics, Watch
from streams.web.server import OPTIONS, Server

log = logging.getLogger(__name__)

CHUNK = 1_000
"""Records of one step: small, because the loop that judges them also sends the heartbeats."""
LIVENESS = {"web_router_enabled": False, "web_tables_enabled": False, "web_graph_enabled": False}
"""Faust's own pages, which would show keys and values."""


class Portalwatch(App):
    """The Faust app of a worker."""

    def __init__(self, given: Settings, **options: Any) -> None:
        alerts = topics.ALERTS.name(given.prefix)
        super().__init__(given.app_id, guarded=[alerts], **options)
        client = client_options(given)
        self._startup = Startup(given, client)
        self._feeds = FeedLooker(client, topics.inputs(given.prefix), topics.OPEN_ALERTS.name(given.prefix))
        self.watch = Watch(
            source=f"/portalwatch/{given.app_id}",
            clock=Clock(given.clock, read=self._wall),
            topics=Topics(alerts, topics.DEAD_LETTERS.name(given.prefix)),
            items=self._table("items", fit=fit.item),
            open_alerts=self._table(
                "open", changelog=topics.OPEN_ALERTS.name(given.prefix), leads=True, fit=fit.open_alert
            ),
            max_event_bytes=given.max_event_bytes,
            cards=self._table("scorecards", changelog=topics.SCORECARDS.name(given.prefix), fit=fit.scorecard),
            tally=Tally([*topics.inputs(given.prefix), topics.COMMANDS.name(given.prefix)]),
        )
        self.site = Server(self, self.watch, given, client)
        file = sinks.load(given.sinks)
        self.lanes.released(self.watch.released)  # before the sinks, which may wait
        with sinks.naming(given.sinks):
            self.delivery = Delivery(self, self.watch, given, client, file, self.site.refs)
        pending = PendingCollector(self.watch, self._owns, self.delivery.answers)
        unread = metrics.UnreadCollector(self.lanes.deleted_unread)
        shown = metrics.registry(self.lanes.status, self.watch.tally, self.steady.now, pending, unread)
        self._metrics = MetricsServer(given.metrics_host, given.metrics_port, shown)
        self.lanes.recovered(self.watch.recovered)
        self.lanes.set_aside(self.watch.set_aside)

    def _wall(self) -> int:
        """Nanoseconds of a wall clock that never goes back."""
        return round(self.steady.now() * 1e6) * 1000

    def _owns(self, partition: int) -> bool:
        """Whether a partition is ours as far as we know: one that was lost goes on elsewhere."""
        lane = self.lanes.lanes.get(partition)
        return lane is not None and not lane.lost

    def _table(self, name: str, **options: Any) -> Table:
        return cast(Table, self.Table(name, **options))

    async def on_first_start(self) -> None:
        """Metrics from the beginning; topics and policy next: the lanes find both there."""
        await super().on_first_start()
        await self._metrics.start()
        self.watch.partitions = await self._startup.prepare(self._decreed)
        try:
            await self.delivery.prepare()
        except (KafkaError, TimeoutError) as error:
            said = str(error) or type(error).__name__
            raise CannotStart(f"the worker cannot start: where its sinks begin: {said}") from error

    async def on_started(self) -> None:
        """Follow the policy and the feeds from now on, and tell people."""
        await super().on_started()
        self.add_future(self._feeds.follow(self.watch))
        self.add_future(self._startup.follow(self._decreed, self.watch.tally.refused))
        self.delivery.start()

    async def on_stop(self) -> None:
        """Let the policy's consumer and the metrics' port go."""
        await super().on_stop()
        await self._startup.close()
        await self._metrics.stop()

    async def _decreed(self, decree: Decree) -> None:
        """A policy comes into force: made ready on a thread, since events must not wait for it."""
        book = await asyncio.to_thread(_ready, decree, self.watch.clock.now())
        self.watch.decree(book, self.watch.clock.at(decree.at), decree.offset)


def _ready(decree: Decree, now: int) -> Book:
    book = Book(decree.policy, decree.text)
    book.warm(now)
    return book


def create(given: Settings, **options: Any) -> Portalwatch:
    """A worker's app; further options are those of the runtime's `App`."""
    if given.web_bind != given.web_host:
        log.warning("the web server stays on %s: WEB_HOST counts only once an identity is configured", given.web_bind)
    app = Portalwatch(given, **_faust_options(given), **options)
    for workflow, topic in topics.INPUTS.items():
        intake.attach(app, app.watch, topic.name(given.prefix), workflow)
    intake.attach(app, app.watch, topics.COMMANDS.name(given.prefix), COMMAND_TOPIC)
    ticker.attach(app, app.watch)
    for name, sink in app.delivery.followers.items():
        delivery.attach(app, sink, name)
    pages.attach(app, app.watch)
    site = cast(Web, app.web).web_app
    app.site.attach(site)
    Pages(app.site, app.watch).attach(site)
    return app


def _faust_options(given: Settings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "broker": list(given.broker),
        "broker_client_id": given.advertised_url,
        "broker_session_timeout": given.session_timeout,
        "broker_heartbeat_interval": max(0.3, given.session_timeout / 5),
        "consumer_group_instance_id": given.instance_id,
        "topic_partitions": given.partitions,
        "topic_replication_factor": given.replication,
        "datadir": str(given.datadir),
        "web_bind": given.web_bind,
        "web_port": given.web_port,
        "web_application_options": OPTIONS,
        "tick": given.tick,
        "chunk": CHUNK,
        "stall_timeout": given.stall_timeout,
        "logging_config": logs.config(given.log, given.log_level),
        **LIVENESS,
    }
    if (credentials := _credentials(given)) is not None:
        options["broker_credentials"] = credentials
    return options


def _credentials(given: Settings) -> CredentialsT | None:
    protocol = given.security_protocol
    context = tls(given) if protocol.endswith("SSL") else None
    if protocol.startswith("SASL_") and given.sasl_password_file is not None:
        return faust.SASLCredentials(
            username=given.sasl_username,
            password=secret(given.sasl_password_file),
            mechanism=given.sasl_mechanism,
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)


def __getattr__(name: str) -> Portalwatch:
    """`app`, made from the environment, for Faust's own command line."""
    if name != "app":
        raise AttributeError(name)
    made = create(load(os.environ))
    globals()["app"] = made
    return made
