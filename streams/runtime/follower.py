"""A consumer group of its own that follows one topic: the runtime's second kind of reader, beside the lanes.

**What for.** Whoever tells others what stands on a topic must go on where the last one stopped, whatever dies in
between, and must not lose a record because a later one was done first. So the reader marks its progress itself
(`tenure`), and nothing is committed but marks.

**How to use it.** With an agent, which hands over, and a holder, which works::

    told = Follower(app, "my-app.sink", "said", holder)

    @app.agent(told.portions)
    async def tell(stream):
        async for portion in stream:
            async with portion:
                await holder.take(portion)

    await told.run()                                  # until cancelled

or without an agent: `Follower(..., by_agent=False)` calls `holder.take` itself.

**Theory of operation.** A new group begins at the end, once and for all (`founding`). Each partition that the group
gives us is worked by a task of its own: fetch, hand over, wait while too much is unmarked; so one that stands still
holds up no other. One task commits all marks (`marking`). aiokafka calls us between the old generation and the new: the
tasks end, the holder finishes or drops what it has, marks are committed, and only then the group goes on. A commit
carries the generation, so the group refuses one of a member that was away too long, and its tenures are over.

A broker that is away is waited for, by aiokafka's own retries; what fails for good (the holder, an authorization) ends
`run` with the reason, after what is marked was committed if that can be. An offset that the topic no longer has is
said loudly, and the partition is begun anew at its earliest record: something was deleted before it was told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import (
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from faust.types import ChannelT
from mode import get_logger

from streams.runtime import clients, placing
from streams.runtime.batch import Lost
from streams.runtime.founding import end_of, found
from streams.runtime.marking import PATIENCE, Marks
from streams.runtime.tenure import Holder, Portion, Tenure

if TYPE_CHECKING:
    from streams.runtime.app import App

COMMIT_EVERY: Final = 0.5
WAIT_MS: Final = 1_000
"""So long one fetch may wait for records."""
ENDS_EVERY: Final = 5.0
AWAY: Final = 2.0
"""Seconds to the next try to connect."""
SAY_EVERY: Final = 60.0

log = get_logger(__name__)


class Follower:
    """See the module's docstring.

    Args:
        app: whose configuration says how to reach the broker.
        group: the consumer group's id.
        topic: what is read, committed records alone.
        holder: who works on it.
        sole: all partitions go to one member of the group, and the others stand by; else they are shared.
        ahead: while so many offsets of a partition are handed over and not marked, no more are.
        chunk: so many records at most are handed over at once.
        by_agent: portions go to `portions`, the channel of one agent.
    """

    def __init__(
        self, app: App, group: str, topic: str, holder: Holder, *,
        sole: bool = False, ahead: int = 1_000, chunk: int = 200, by_agent: bool = True,
    ) -> None:  # fmt: skip
        self._app, self._id, self._topic, self._holder = app, group, topic, holder
        self._sole, self._ahead, self._chunk = sole, ahead, chunk
        self.portions: ChannelT[Portion] | None = app.channel() if by_agent else None
        self.tenures: dict[int, Tenure] = {}
        """By partition: what is ours."""
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._marks = Marks(group, self._session)
        self._failed: Exception | None = None
        self._asked = 0.0

    def unread(self) -> int:
        """How many offsets of our partitions were not handed over yet."""
        return sum(tenure.unread for tenure in self.tenures.values())

    async def commit(self, tenures: Collection[Tenure]) -> None:
        """Commit what is marked in these, in one request. Lost if one is over; TimeoutError if nobody answers."""
        async with asyncio.timeout(PATIENCE):
            await self._marks.commit(tenures)
        if any(tenure.lost for tenure in tenures):
            raise Lost(f"group {self._id}: partitions are no longer ours")

    async def found(self) -> None:
        """Fix where a new group begins, if it is new; `run` does it too, later."""
        await found(clients.connection(self._app.conf), self._id, self._topic)

    async def run(self) -> None:
        """Follow until cancelled. A broker that is away is waited for; whatever the holder raises ends it."""
        self._failed = None
        group = await self._connect()
        try:
            while self._failed is None:
                await asyncio.sleep(COMMIT_EVERY)
                group._coordinator.check_errors()  # noqa: SLF001 - without partitions nobody else would hear of them
                await self._marks.all(self.tenures.values())
                await self._look_at_ends(group)
            raise self._failed
        finally:
            await self._part(group)

    async def _connect(self) -> AIOKafkaConsumer:
        """Found the group and join it, however long it takes."""
        client = clients.connection(self._app.conf)
        said = 0.0
        while True:
            group = clients.following_consumer(client, self._app.conf, self._id, sole=self._sole)
            try:
                await found(client, self._id, self._topic)
                group.subscribe([self._topic], listener=self)
                self._marks.group = group  # partitions may come before `start` returns
                await group.start()
            except KafkaError as error:
                await self._part(group)
                if not (error.retriable or isinstance(error, ConnectionError)):
                    raise
                if time.monotonic() - said >= SAY_EVERY:
                    said = time.monotonic()
                    log.warning("group %s waits for the broker: %s", self._id, type(error).__name__)
                await asyncio.sleep(AWAY)
            except BaseException:
                await self._part(group)
                raise
            else:
                return group

    async def _part(self, group: AIOKafkaConsumer) -> None:
        await self._give_up(self._tasks)
        self._marks.group = None
        await clients.disconnect(group)

    def _session(self) -> float:
        return float(self._app.conf.broker_session_timeout)

    def fail(self, error: Exception) -> None:
        """End `run` with this, soon. The first reason counts."""
        self._failed = self._failed or error

    # -- a partition's task -----------------------------------------------------------------------

    async def _work(self, group: AIOKafkaConsumer, tp: TopicPartition) -> None:
        try:
            begin: int | None = None
            while True:
                begin = await self._hold(group, tp, begin)
        except (IllegalStateError, Lost):  # it was taken from us; the rebalance that did so follows
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the follower
            self.fail(error)

    async def _hold(self, group: AIOKafkaConsumer, tp: TopicPartition, begin: int | None) -> int:
        """Work until the offset is out of range; where to begin anew. `begin`: there, or (None) where the group is."""
        tenure = await self._tenure(group, tp, begin)
        self.tenures[tp.partition] = tenure
        await self._holder.taken(tenure)
        while True:
            while tenure.ahead >= self._ahead:
                tenure.moved.clear()
                await tenure.moved.wait()
            try:
                got = await group.getmany(tp, timeout_ms=WAIT_MS, max_records=self._chunk)
            except NoOffsetForPartitionError:
                continue  # aiokafka was quicker than our seek
            except OffsetOutOfRangeError:
                log.error(  # noqa: TRY400 - it says all
                    "group %s: offset %s of %s %s is not there (any more): records may have been deleted before they "
                    "were told; going on at the earliest", self._id, tenure.handed, tp.topic, tp.partition,
                )  # fmt: skip
                await self._end(tenure)
                return await placing.earliest(group, tp)
            if tenure.lost:
                raise Lost("a commit was refused")
            if records := got.get(tp, []):
                tenure.handed = records[-1].offset + 1
                await self._hand(Portion(tenure, records))
            tenure.read(await group.position(tp), end_of(group, tp))

    async def _tenure(self, group: AIOKafkaConsumer, tp: TopicPartition, begin: int | None) -> Tenure:
        metadata = ""
        if begin is None:
            known = await group._coordinator.fetch_committed_offsets([tp])  # noqa: SLF001 - alone gives the metadata
            if tp in known:
                begin, metadata = known[tp]
            else:
                begin = await placing.earliest(group, tp)
        group.seek(tp, begin)
        return Tenure(tp, begin, metadata, self._marks.one, self._session() / 2)

    async def _hand(self, portion: Portion) -> None:
        if self.portions is None:
            await self._holder.take(portion)
            return
        await self.portions.send(value=portion)
        try:
            await portion.done
        finally:
            portion.done.cancel()  # if we are cancelled, nobody waits for it any more

    async def _look_at_ends(self, group: AIOKafkaConsumer) -> None:
        """Ends of partitions that are not being read just now: their backlog grows all the same."""
        held = [t.tp for t in self.tenures.values() if t.ahead >= self._ahead and not t.lost]
        if not held or time.monotonic() - self._asked < ENDS_EVERY:
            return
        self._asked = time.monotonic()
        try:
            async with asyncio.timeout(ENDS_EVERY):
                ends: Mapping[TopicPartition, int] = await group.end_offsets(held)
        except (KafkaError, TimeoutError):
            return  # they are a number for people; the next look may do
        for tenure in self.tenures.values():
            tenure.end = max(tenure.end, ends.get(tenure.tp, 0))

    # -- rebalance (called by aiokafka between the old generation and the new) --------------------

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """End the work on them, and commit what is marked."""
        try:
            await self._give_up([tp.partition for tp in revoked])
            await self._marks.none_under_way()
        except Exception as error:  # noqa: BLE001 - aiokafka would only log it
            self.fail(error)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Begin to work on them."""
        group = self._marks.group
        if group is None or self._failed is not None:
            return
        for tp in assigned:
            self._tasks[tp.partition] = asyncio.get_running_loop().create_task(self._work(group, tp))
        log.info("group %s: partitions %s", self._id, sorted(tp.partition for tp in assigned))

    async def _give_up(self, partitions: Iterable[int]) -> None:
        numbers = list(partitions)
        tasks = [task for number in numbers if (task := self._tasks.pop(number, None))]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(self._end(self.tenures[number]) for number in numbers if number in self.tenures))

    async def _end(self, tenure: Tenure) -> None:
        """The holder's last word, the last commit, and it is over."""
        try:
            async with asyncio.timeout(float(self._app.conf.broker_rebalance_timeout) * 2 / 3):
                await self._holder.given_up(tenure)
        except TimeoutError:
            log.warning("group %s: what was in hand of partition %s is dropped", self._id, tenure.partition)
        try:
            async with asyncio.timeout(clients.DISCONNECT_PATIENCE):
                await self._marks.commit([tenure])
        except (KafkaError, TimeoutError) as error:
            log.warning("group %s: what was done last may be done again: %s", self._id, type(error).__name__)
        tenure.lost = True
        self.tenures.pop(tenure.partition, None)


ConsumerRebalanceListener.register(Follower)

__all__ = ["Follower", "Holder", "Portion", "Tenure"]
