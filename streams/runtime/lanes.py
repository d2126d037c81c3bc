"""The group consumer of all inputs, and the lanes of the partitions that it was given.

Theory of operation. A mode service inside faust.App, started after the agents and stopped before them. One consumer
reads for all lanes, each writes through a producer of its own (`writers`), and one task commits for all what they have
confirmed (aiokafka takes one commit at a time). On a rebalance aiokafka calls us between the old generation and the
new: lanes end their step, commit and close; the ledgers of clean lanes are parked, and a partition that comes back
reads only the rest of its changelogs. aiokafka only logs what a listener raises, so what goes wrong there is handled
here: the worker ends.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from faust.types import ChannelT
from mode import Service, get_logger
from mode.utils.futures import maybe_async

from streams.runtime import clients, health, readers, topics
from streams.runtime.batch import Batch, Effect, Record
from streams.runtime.lane import Lane
from streams.runtime.ledger import Ledger
from streams.runtime.membership import Displaced, numbers, told
from streams.runtime.tables import Table
from streams.runtime.watchdog import Watchdog
from streams.runtime.writers import Writers, deliver

if TYPE_CHECKING:
    from streams.runtime.app import App

Callback = Callable[[int], Awaitable[None] | None]
Aside = Callable[[int, Sequence[Record]], None]
C = TypeVar("C", bound=Callback)
A = TypeVar("A", bound=Aside)

STOP_GRACE = 30.0  # seconds from a stop to the end of the process
CRASH_GRACE = 10.0
CRASH_CLOSE = 2.0  # seconds that the other lanes' steps have when one has failed
BEAT_EVERY = 0.5

log = get_logger(__name__)


class Lanes(Service):
    """See the module's docstring. `lanes`: by partition number."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self.app = app
        self.inputs: dict[str, ChannelT[Batch]] = {}
        self.lanes: dict[int, Lane] = {}
        self.dog = Watchdog(self.lanes, app.settings)
        self._unread: Counter[str] = Counter()
        self._displaced = Displaced(app.conf.consumer_group_instance_id)
        self._parked: dict[int, Ledger | None] = {}
        self._on_recovered: list[Callback] = []
        self._on_released: list[Callback] = []
        self._on_aside: list[Aside] = []
        self._tables: list[Table] = []
        self._client: dict[str, Any] = {}
        self._group: AIOKafkaConsumer | None = None
        self._committing = asyncio.Lock()
        self._hurried = asyncio.Event()
        self._writers: Writers | None = None
        self._failed: asyncio.Task[None] | None = None

    def recovered(self, fun: C) -> C:
        """Decorator: called with the partition when its slices are filled, before its first batch."""
        self._on_recovered.append(fun)
        return fun

    def released(self, fun: C) -> C:
        """Decorator: called with the partition when it is given up: what is derived from its state can go."""
        self._on_released.append(fun)
        return fun

    def set_aside(self, fun: A) -> A:
        """Decorator: called after `recovered` with the partition and the changelog records that were set aside."""
        self._on_aside.append(fun)
        return fun

    def status(self) -> dict[int, dict[str, Any]]:
        """What each lane is doing, as a plain dict for each partition."""
        return {p: health.status(lane, time.monotonic()) for p, lane in sorted(self.lanes.items())}

    def deleted_unread(self) -> dict[str, int]:
        """By input: how many records were deleted before they were read, since the worker began."""
        return {topic: self._unread[topic] for topic in self.inputs}

    def ready(self) -> tuple[bool, str]:
        """Whether this worker is recovered, caught up and not stalled; and why not."""
        return health.ready(self.lanes, self.dog, time.monotonic(), self.app.steady.now())

    # -- life -------------------------------------------------------------------------------------

    async def on_start(self) -> None:
        """Check topics and agents, connect, join the group. ImproperlyConfigured says what does not fit."""
        conf = self.app.conf
        readers.check(self.app.agents.values(), self.inputs, self.app.ticks)
        self._tables = [table for table in self.app.tables.values() if isinstance(table, Table)]
        self._client = clients.connection(conf)
        leading = [table.changelog for table in self._tables if table.leads]
        ours = [table.changelog for table in self._tables if not table.leads]
        shared = [*leading, *self.app.settings.guarded]
        await topics.prepare(self._client, self.inputs, shared, ours, conf.topic_replication_factor)
        self.app.flow_control.resume()  # stock Faust's recovery does it; until then channels block for ever
        self._writers = Writers(self._client, conf, self.app.settings)
        await self._writers.start()
        self._group = clients.group_consumer(self._client, conf, self.app.settings)
        self.dog.begin()
        self.add_future(self._beat())
        self.add_future(self._committer())
        self._group.subscribe(list(self.inputs), listener=self)
        with told(conf.consumer_group_instance_id):
            await self._group.start()

    async def on_stop(self) -> None:
        """End the steps at hand, commit, leave the group (a static member stays in it)."""
        self.dog.doom("stop", STOP_GRACE)
        patience = CRASH_CLOSE if self._failed else self._close_patience
        await asyncio.gather(*(lane.close(patience) for lane in self.lanes.values()))
        for partition in list(self.lanes):
            del self.lanes[partition]
            await self._release(partition)
        if self._group is not None:
            await clients.disconnect(self._group)
        if self._writers is not None:
            await self._writers.stop()
        self.dog.quit.set()

    def fail(self, error: Exception, where: str) -> None:
        """End the worker with a non-zero status. The first reason counts."""
        log.error("stopping the worker: %s: %r", where, error, exc_info=error)
        self.dog.doom(f"{where}: {type(error).__name__}", CRASH_GRACE)  # not its text: it may quote what was received
        if self._failed is None:
            self._failed = asyncio.get_running_loop().create_task(self.app.crash(error))

    async def _beat(self) -> None:
        while not self.should_stop:
            self.dog.beat = time.monotonic()
            try:
                with told(self.app.conf.consumer_group_instance_id):
                    clients.check(self._group)
            except Exception as error:  # noqa: BLE001 - whatever it is, it ends the worker
                self.fail(error, "group")
                return
            await asyncio.sleep(BEAT_EVERY)

    # -- what lanes ask for -----------------------------------------------------------------------

    async def _committer(self) -> None:
        while not self.should_stop:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.app.settings.commit_every):
                    await self._hurried.wait()
            self._hurried.clear()
            if behind := [one for one in self.lanes.values() if one.safe != one.committed and not one.lost]:
                await self.commit(behind)

    async def commit(self, lanes: Sequence[Lane]) -> None:
        """Commit what these lanes have confirmed. A refusal means that their partitions are lost."""
        try:
            await self._commit(lanes, self.app.settings.confirm_timeout)
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the worker
            self.fail(error, "commit")

    async def ask(self, lanes: Sequence[Lane], patience: float) -> None:
        """Have the group say whether these lanes are still ours, by a commit; a group that does not answer may be.

        For those that look on: each lane tells by `member_at` or `lost` what was said.
        """
        try:
            async with asyncio.timeout(patience):
                await self._commit(lanes, patience)
        except (KafkaError, OSError, TimeoutError) as error:
            log.debug("the group did not say whether we are its member: %r", error)

    async def _commit(self, lanes: Sequence[Lane], patience: float) -> None:
        if self._group is None:
            raise RuntimeError("a commit before the group was joined")
        asked, safe = time.monotonic(), [one.safe for one in lanes]
        offsets = {tp: offset for each in safe for tp, offset in each.items()}
        try:
            async with self._committing, asyncio.timeout(patience):
                if not clients.is_member(self._group):
                    raise CommitFailedError("the group no longer knows this worker")
                await self._group.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            for lane in lanes:
                lane.lost = repr(error)
        else:
            for lane, each in zip(lanes, safe, strict=True):
                lane.accepted(each, asked)

    def hurry(self) -> None:
        """Commit soon what is confirmed: a lane that was behind has caught up."""
        self._hurried.set()

    async def claim(self, ledger: Ledger) -> None:
        """Give a partition's ledger a producer that writes alone."""
        if self._writers is None:
            raise RuntimeError("a partition before the producers were started")
        ledger.producer = await self._writers.claim(ledger.partition, {*ledger.changelogs, *self.app.settings.guarded})

    async def deliver(self, ledger: Ledger, effects: Sequence[Effect]) -> None:
        """Send effects in order and wait until the broker has confirmed all."""
        await deliver(ledger.producer, effects, self.app.settings.confirm_timeout)

    def unread(self, topic: str, count: int) -> None:
        """So many records of an input were deleted before they were read."""
        self._unread[topic] += count

    async def recovery_done(self, partition: int, aside: Sequence[Record]) -> None:
        """A lane's slices are filled: tell whoever derives something from them, and who keeps what was set aside."""
        await call(self._on_recovered, partition)
        if aside:
            for fun in self._on_aside:
                fun(partition, aside)

    # -- rebalance (called by aiokafka between the old generation and the new) --------------------

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Close the lanes: nobody sees their state any more. Park what is worth keeping in case it comes back."""
        try:
            closing = sorted({tp.partition for tp in revoked} & self.lanes.keys())
            await asyncio.gather(*(self.lanes[p].close(self._close_patience) for p in closing))
            for partition in closing:
                lane = self.lanes.pop(partition)
                settled = lane.clean and lane.recovered and not lane.ledger.dirty
                self._parked[partition] = lane.ledger if settled else None
                await self._release(partition)
            if closing and self._group is not None and not clients.is_member(self._group):
                self._displaced.again()
            async with self._committing:  # none may be under way while the group is joined: see `clients.is_member`
                self.dog.joining = time.monotonic()
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the worker
            self.fail(error, "giving up partitions")

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Open a lane for each partition that we were given; forget those that we were not given again."""
        if self.should_stop:  # who would close them?
            return
        try:
            owned = numbers(assigned, len(self.inputs))
            gone = self._parked.keys() - owned
            for partition in sorted(owned):
                self._open(partition, self._parked.get(partition))
            self._parked.clear()
            if self._writers is not None:
                await asyncio.gather(*(self._writers.release(partition) for partition in gone))
            self.dog.joining = None
            log.info("partitions: %s", sorted(owned))
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the worker
            self.fail(error, "taking partitions")

    def _open(self, partition: int, parked: Ledger | None) -> None:
        settings, conf = self.app.settings, self.app.conf
        ledger = parked or Ledger(
            partition, self._tables, self._client, settings.confirm_timeout, settings.skip_corrupt
        )
        for table, one in ledger.slices.items():
            table.slices[partition] = one
        inputs = {TopicPartition(topic, partition): channel for topic, channel in self.inputs.items()}
        ticks = self.app.ticks if self.app.ticks.subscriber_count else None
        session = conf.broker_session_timeout
        lane = Lane(ledger, inputs, ticks, self._group, self, settings, session, self.app.steady)
        self.lanes[partition] = lane
        lane.task = asyncio.get_running_loop().create_task(lane.run())

    async def _release(self, partition: int) -> None:
        for table in self._tables:
            table.slices.pop(partition, None)
        await call(self._on_released, partition)

    @property
    def _close_patience(self) -> float:
        """Seconds that a step at hand may take when its partition goes: the group waits no longer for us."""
        return float(self.app.conf.broker_rebalance_timeout) * 2 / 3


ConsumerRebalanceListener.register(Lanes)


async def call(callbacks: Iterable[Callback], partition: int) -> None:
    """Call each, and await it if it is a coroutine function."""
    for fun in callbacks:
        await maybe_async(fun(partition))
