"""Who writes: a producer for each partition, which its next owner shuts out; or one for all, if the broker cannot.

Theory of operation. A worker can be stopped between asking whether a partition is still its own and the broker's append
(a signal, a sleeping machine, a packet on its way). If it wakes when the partition has had another owner, and that one
has died since, nobody is there to notice what it writes. So a lane writes under a transactional id made of the app's id
and the partition's number. Whoever takes a partition begins a transaction under this id on all that only the owner
may write there (the changelogs and the guarded topics) and aborts it: the broker puts a marker of a newer epoch into
each, and from then on refuses what an owner before still sends (ProducerFenced). Then the changelogs are read: nothing
can come after their end but what we write.

Only the taking is a transaction. Steps are ordered by their confirmations and may be repeated, so they need none; they
would cost a marker in each partition for each step, and readers would wait for it. A producer is told to forget that
its id is transactional once it has its epoch, which aiokafka 0.14 has no public way to say.

The embedded broker has no producer ids. There one plain producer writes for all lanes, and `ledger` writes its state
over what a stranger wrote while it looks on; that leaves the case above open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import TransactionalIdAuthorizationFailed
from faust.exceptions import ImproperlyConfigured
from faust.types.settings import Settings as Conf
from mode import get_logger

from streams.runtime import clients
from streams.runtime.batch import Effect
from streams.runtime.settings import Settings

FENCE_MS = 10_000  # the broker itself ends a fencing transaction that was left open by a crash
LOOK_EVERY = 0.002
TRIES = (0.1, 0.3, 0.0)  # seconds to wait after each try for producer ids

log = get_logger(__name__)


class Writers:
    """The producers of a worker. `start` finds out what the broker can."""

    def __init__(self, client: Mapping[str, Any], conf: Conf, settings: Settings) -> None:
        self._client, self._conf, self._settings = client, conf, settings
        self._shared: AIOKafkaProducer | None = None
        self._own: dict[int, AIOKafkaProducer] = {}

    async def start(self) -> None:
        """Connect. KafkaError if the broker is away, or lacks the idempotent producer that the settings ask for."""
        if self._settings.idempotent is not False:
            for pause in TRIES:
                try:
                    await self._probe()
                except clients.UNKNOWN_REQUEST as error:  # one of them a broker may also give in a bad moment
                    why = error
                    await asyncio.sleep(pause)
                else:
                    return
            if self._settings.idempotent:
                raise why
            log.warning("the broker has no idempotent producer (%r): going on without", why)
        self._shared = self._producer()
        await self._shared.start()

    async def _probe(self) -> None:
        producer = self._producer(enable_idempotence=True)
        try:
            await producer.start()
        finally:
            await clients.disconnect(producer)

    async def claim(self, partition: int, topics: Iterable[str]) -> AIOKafkaProducer:
        """The producer with which to write a partition, once no owner before can write these topics' part of it.

        TimeoutError if the broker does not answer; ImproperlyConfigured if it does not let us.
        """
        if self._shared is not None:
            return self._shared
        await self.release(partition)
        name = f"{self._conf.id}-{partition}"
        try:
            async with asyncio.timeout(self._settings.confirm_timeout):
                await self._fence(name, {TopicPartition(topic, partition) for topic in topics})
                self._own[partition] = await self._ready(name)
        except TransactionalIdAuthorizationFailed as error:
            raise ImproperlyConfigured(
                f"the broker does not let us use the transactional id {name}: "
                f"allow this user to write and describe transactional ids that begin with {self._conf.id}-"
            ) from error
        return self._own[partition]

    async def release(self, partition: int) -> None:
        """Let a partition's producer go."""
        producer = self._own.pop(partition, None)
        if producer is not None:
            await clients.disconnect(producer)

    async def stop(self) -> None:
        """Let all go."""
        await asyncio.gather(*(self.release(partition) for partition in tuple(self._own)))
        if self._shared is not None:
            await clients.disconnect(self._shared)

    async def _fence(self, name: str, guarded: set[TopicPartition]) -> None:
        """A marker of a newer epoch into each of these partitions."""
        producer = self._producer(transactional_id=name, transaction_timeout_ms=FENCE_MS)
        try:
            await producer.start()
            await producer.begin_transaction()
            manager = producer._txn_manager  # noqa: SLF001 - no public way to name a partition without sending there
            for tp in guarded:
                manager.maybe_add_partition_to_txn(tp)
            while manager.partitions_to_add() and not manager.is_fatal_error():  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(LOOK_EVERY)
            if manager.is_fatal_error():
                await manager.wait_for_transaction_end()  # which raises why
            await producer.abort_transaction()
        finally:
            await clients.disconnect(producer)

    async def _ready(self, name: str) -> AIOKafkaProducer:
        """A producer of the next epoch; the broker gives it only when the markers of the one before stand."""
        producer = self._producer(transactional_id=name, transaction_timeout_ms=FENCE_MS)
        try:
            await producer.start()
        except BaseException:
            await clients.disconnect(producer)
            raise
        producer._txn_manager.transactional_id = None  # noqa: SLF001 - see the module's docstring
        return producer

    def _producer(self, **options: Any) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **self._client,
            acks="all",
            max_batch_size=self._conf.producer_max_batch_size,
            max_request_size=self._conf.producer_max_request_size,
            **options,
        )


async def deliver(producer: AIOKafkaProducer, effects: Sequence[Effect], patience: float) -> None:
    """Send effects in order and wait, at most `patience` seconds, until the broker has confirmed all."""
    async with asyncio.timeout(patience):
        sent = [
            await producer.send(e.topic, e.value, e.key, e.partition, e.timestamp_ms, list(e.headers)) for e in effects
        ]
        await asyncio.gather(*sent)
