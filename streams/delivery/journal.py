"""The journal of deliveries: the topic `<app id>-deliveries`, written by workers and read by `portalwatch why`.

Theory of operation. A line is put into a queue and sent by a task of its own, with a plain producer that gathers lines
for a moment. Nobody waits for it, and nothing hangs on it: the queue holds so many lines and no more, and what does not
fit, or what the broker does not take, is let go and told of in the log, once a minute at most. The topic is made when a
worker has sinks. Lines are keyed by item, so a reader needs one partition alone: the key's.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from schemas.topics import DAY_MS
from streams import letters
from streams.delivery.answers import Line
from streams.intake import PARTITIONERS
from streams.topics import TopicRefused, partition_counts

KEPT: Final = {"cleanup.policy": "delete", "retention.ms": str(30 * DAY_MS)}
MOST: Final = 10_000
"""Lines that wait to be sent."""
LINGER_MS: Final = 100
QUIET_SECONDS: Final = 60.0
"""From one line of the log about lost lines to the next, and until a journal that failed is tried again."""
LAST_SECONDS: Final = 2.0
"""So long may the last lines take when the worker ends."""

log = logging.getLogger(__name__)


def topic(app_id: str) -> str:
    """Its name."""
    return f"{app_id}-deliveries"


class KafkaJournal:
    """Writes lines to the topic while `run` runs, and keeps some until it does."""

    def __init__(self, client: Mapping[str, Any], app_id: str, replication: int) -> None:
        self._client, self._topic, self._replication = client, topic(app_id), replication
        self._lines: deque[tuple[bytes, bytes]] = deque()
        self._more = asyncio.Event()
        self._lost, self._quiet_until = 0, 0.0

    def note(self, item: str, line: Line) -> None:
        """Write a line, soon. Never fails, never waits."""
        if len(self._lines) >= MOST:
            self._let_go("they wait for too long")
            return
        self._lines.append((item.encode(), msgspec.json.encode(line)))
        self._more.set()

    async def run(self, partitions: int) -> None:
        """Write until cancelled; what fails is tried again after a while."""
        while True:
            try:
                await self._write(partitions)
            except Exception as error:  # noqa: BLE001 - whatever it is, only lines are lost
                log.warning("the journal of deliveries cannot be written: %s", type(error).__name__)
            await asyncio.sleep(QUIET_SECONDS)

    async def _write(self, partitions: int) -> None:
        await prepare(self._client, self._topic, partitions, self._replication)
        producer = AIOKafkaProducer(**self._client, linger_ms=LINGER_MS)
        await producer.start()
        try:
            while True:
                await self._more.wait()
                self._more.clear()
                await self._send(producer)
        finally:
            await self._finish(producer)

    async def _send(self, producer: AIOKafkaProducer) -> None:
        """All lines that wait; the broker's word on them is heard later."""
        while self._lines:
            key, value = self._lines.popleft()
            try:
                sent = await producer.send(self._topic, value, key)
            except KafkaError as error:
                self._let_go(type(error).__name__)
            else:
                sent.add_done_callback(self._heard)

    async def _finish(self, producer: AIOKafkaProducer) -> None:
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await self._send(producer)
                await producer.stop()
        except TimeoutError:
            log.warning("the journal of deliveries: its last lines were not written in %g s", LAST_SECONDS)

    def _heard(self, sent: asyncio.Future[Any]) -> None:
        if not sent.cancelled() and (error := sent.exception()) is not None:
            self._let_go(type(error).__name__)

    def _let_go(self, why: str) -> None:
        self._lost += 1
        now = asyncio.get_running_loop().time()
        if now >= self._quiet_until:
            log.warning("the journal of deliveries lost %d lines, the last for: %s", self._lost, why)
            self._lost, self._quiet_until = 0, now + QUIET_SECONDS


async def prepare(client: Mapping[str, Any], name: str, partitions: int, replication: int) -> None:
    """Make the topic if it is not there. TopicRefused if the broker does not."""
    admin = AIOKafkaAdminClient(**client)
    try:
        await admin.start()
        if name in await partition_counts(admin, [name]):
            return
        response = await admin.create_topics([NewTopic(name, partitions, replication, topic_configs=KEPT)])
        for _, code, *_ in response.topic_errors:
            if code not in (0, TopicAlreadyExistsError.errno):
                raise TopicRefused(f"the broker refused to create {name}: {for_code(code).description}")
        log.info("created topic %s: %d partitions, %s", name, partitions, KEPT)
    finally:
        await admin.close()


def place(name: str, item: str, partitions: int) -> TopicPartition:
    """Where an item's lines stand in a topic of so many partitions."""
    return TopicPartition(name, PARTITIONERS["murmur2"](item.encode()) % partitions)


async def read(client: Mapping[str, Any], app_id: str, item: str) -> list[Line]:
    """What the journal says of an item, in order; nothing if there is none."""
    name = topic(app_id)
    count = (await letters.counts(client, [name])).get(name, 0)
    lines = []
    async for some in letters.at(client, [place(name, item, count)] if count else []):
        lines += [line for record in some if (line := parse(record.key, record.value, item)) is not None]
    return lines


def parse(key: bytes | None, value: bytes | None, item: str) -> Line | None:
    """A record's line; None if it is another item's, or no line."""
    if key != item.encode() or value is None:
        return None
    try:
        return _DECODER.decode(value)
    except msgspec.MsgspecError:
        return None


_DECODER = msgspec.json.Decoder(Line)
