"""faust.App whose Kafka consumer, conductor and table recovery are replaced by `Lanes`.

Extension points used: App.BootStrategy and the `Table` setting. The command line, the web server and `@app.page`,
agents on channels, timers and settings are Faust's own. Nothing is connected at import.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import faust
from faust.app.base import BootStrategy
from faust.types import AgentT, ChannelT
from mode.types import ServiceT

from streams.runtime import lenient
from streams.runtime.batch import Batch
from streams.runtime.lanes import Lanes
from streams.runtime.settings import Settings
from streams.runtime.steady import Steady
from streams.runtime.tables import Table

MEBIBYTE = 1 << 20

DEFAULTS: dict[str, Any] = {
    "Table": Table,
    "store": "memory://",
    "producer_max_batch_size": 900_000,  # a broker takes batches of 1 MiB; a larger record travels alone
    "producer_max_request_size": 17 * MEBIBYTE,
    "consumer_max_fetch_size": 4 * MEBIBYTE,  # of a partition
    "broker_session_timeout": 10.0,
    "broker_heartbeat_interval": 2.0,
    "broker_rebalance_timeout": 30.0,
    "broker_request_timeout": 30.0,
}


class Boot(BootStrategy):
    """Without Faust's consumer (and so its conductor and recovery) and without its producer, which drops failures."""

    enable_kafka_consumer = False
    enable_kafka_producer = False

    def tables(self) -> Iterable[ServiceT]:
        """Started after the agents, stopped before them."""
        app = self.app
        return [app.lanes] if isinstance(app, App) else []


class App(faust.App):
    """A faust.App on lanes. The named options are those of `settings.Settings`; the rest are Faust's.

    `idempotent=None`: use the idempotent producer if the broker knows it. `rewind=True`: obey the group's committed
    offsets even where the state is ahead of them. `skip_corrupt=True`: set aside what is damaged in a changelog.
    `guarded`: topics of effects, of the inputs' partition count, in whose partition a lane alone writes: the owner
    before is shut out of them, too.
    """

    BootStrategy = Boot

    def __init__(
        self,
        id: str,  # noqa: A002 - as faust.App names it
        *,
        tick: float = 0.25,
        chunk: int = 4000,
        fetch_wait: float = 0.1,
        commit_every: float = 0.5,
        stall_timeout: float = 60.0,
        idempotent: bool | None = None,
        rewind: bool = False,
        skip_corrupt: bool = False,
        guarded: Iterable[str] = (),
        **options: Any,
    ) -> None:
        self.settings = Settings(
            tick=tick,
            chunk=chunk,
            fetch_wait=fetch_wait,
            commit_every=commit_every,
            stall_timeout=stall_timeout,
            idempotent=idempotent,
            rewind=rewind,
            skip_corrupt=skip_corrupt,
            guarded=frozenset(guarded),
        )
        self.steady = Steady()
        lenient.install()
        super().__init__(id, **{**DEFAULTS, **options})
        self.lanes = Lanes(self)
        self.ticks: ChannelT[Batch] = self.channel()

    def batches(self, topic: str) -> ChannelT[Batch]:
        """The channel on which one agent receives the batches of a topic."""
        return self.lanes.inputs.setdefault(topic, self.channel())

    async def _on_agent_error(self, agent: AgentT[Any], exc: BaseException) -> None:
        # Stock Faust restarts an agent that raised. One that raised outside its batch would leave it unanswered for
        # ever; an error inside has failed the step already.
        if any(agent.channel is channel for channel in (*self.lanes.inputs.values(), self.ticks)):
            if isinstance(exc, Exception):
                self.lanes.fail(exc, f"agent {agent.name}")
        else:
            await super()._on_agent_error(agent, exc)

    def _create_directories(self) -> None:
        self.conf.datadir.mkdir(parents=True, exist_ok=True)  # Faust's own makes the last folder only
        super()._create_directories()
