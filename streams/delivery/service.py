"""The sinks of one worker, running beside its lanes.

Theory of operation. Each sink is a `Teller` that runs until it is cancelled. Sinks only look at what the lanes have
said, so one that fails is begun anew after a while, with a line in the log, and neither the judging nor another sink
hears of it; how far it came stands on Kafka, or is what is open.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from schemas import topics
from streams.delivery import alertmanager
from streams.delivery.answers import Answers, NoJournal, group
from streams.delivery.apprise import People
from streams.delivery.journal import KafkaJournal
from streams.delivery.sinks import SinksFile
from streams.delivery.webhook import Webhook
from streams.settings import Settings
from streams.watch import Watch
from streams.web.refs import Refs

if TYPE_CHECKING:
    from streams.runtime import App

BEGIN_AGAIN: Final = 5.0
"""Seconds after which a sink that failed is begun anew."""

PREPARED: Final = 60.0
"""Seconds that the broker has to say where each sink begins."""

log = logging.getLogger(__name__)


class Teller(Protocol):
    """One sink at work. `backlog`: how many alerts it has still to tell of."""

    async def run(self) -> None:
        """Tell until cancelled."""

    def backlog(self) -> int:
        """For the metric."""


class Delivery:
    """All sinks of a worker. `client`: the options of any client of the broker."""

    def __init__(
        self, app: App, watch: Watch, given: Settings, client: Mapping[str, Any], file: SinksFile,
        refs: Callable[[], Refs],
    ) -> None:  # fmt: skip
        self.app, self.watch, self.given, self.client, self.file, self.refs = app, watch, given, client, file, refs
        self.journal = KafkaJournal(client, given.app_id, given.replication) if file.sinks.names else None
        self.answers = Answers(file.sinks.names, self.journal or NoJournal())
        alerts = topics.ALERTS.name(given.prefix)
        self.webhooks = {
            name: Webhook(name, sink, file, app, alerts, group(given.app_id, name), self.answers, self.wall)
            for name, sink in file.sinks.webhook.items()
        }
        self.people = {
            name: People(
                name, sink, file, app, alerts, group(given.app_id, name), self.answers, self.wall,
                book=lambda: watch.book, refs=refs, url=given.advertised_url, wall=watch.clock.wall,
            )
            for name, sink in file.sinks.apprise.items()
        }  # fmt: skip
        self.followers: dict[str, Webhook | People] = {**self.webhooks, **self.people}
        self.tellers: dict[str, Teller] = {**self.followers, **alertmanager.tellers(self, file.sinks.alertmanager)}
        for name, teller in self.tellers.items():
            self.answers.backlog[name] = teller.backlog

    async def prepare(self) -> None:
        """Before anything is said: a sink that is new begins at the end as it stands now.

        KafkaError if the broker does not let it, TimeoutError if it does not answer.
        """
        async with asyncio.timeout(PREPARED):
            await asyncio.gather(*(each.follower.found() for each in self.followers.values()))

    def start(self) -> None:
        """Begin to tell; ends with the app."""
        if self.journal is not None:
            self.app.add_future(self.journal.run(self.watch.partitions))
        for name, teller in self.tellers.items():
            self.app.add_future(self._keep(name, teller))

    def wall(self) -> float:
        """UNIX seconds as others see them: our clock may go on ahead of a wall that was put back."""
        now, ahead = self.app.steady.look()
        return now - ahead

    async def _keep(self, name: str, teller: Teller) -> None:
        while True:
            try:
                await teller.run()
            except Exception:
                log.exception("sink %s failed; it begins anew in %g s", name, BEGIN_AGAIN)
            await asyncio.sleep(BEGIN_AGAIN)
