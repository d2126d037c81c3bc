"""aiokafka alone, as somebody writes it who knows it: whole batches in, a changelog by hand, offsets last.

A dict and a heap for each partition, read back from the changelog when the partition is given. Of each fetch the
records that changed go to the changelog, packed by hand into batches (`create_batch`), which saves a future a record.
Order: alerts confirmed, changelog confirmed, offsets committed.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Iterable

import job
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError

CHANGELOG = f"{job.GROUP}-changelog"
FETCH = 5_000
counts = job.Counts()
Said = list[tuple[bytes, bytes]]


class Partition:
    """The open items of a partition: their near moment, due, and whether their alert stands."""

    def __init__(self) -> None:
        self.items: dict[str, list[float]] = {}
        self.heap: list[tuple[float, str]] = []

    def restore(self, item: str, value: bytes | None) -> None:
        if value is None:
            self.items.pop(item, None)
        else:
            self.items[item] = orjson.loads(value)

    def wake(self) -> None:
        self.heap = [(near, item) for item, (near, _, alerted) in self.items.items() if not alerted]
        heapq.heapify(self.heap)

    def apply(self, values: Iterable[bytes], changed: dict[str, bytes | None], said: Said) -> None:
        for value in values:
            item, opened, at = job.read(value)
            if opened:
                near = at + job.NEAR
                self.items[item] = state = [near, at + job.WITHIN, 0.0]
                heapq.heappush(self.heap, (near, item))
                changed[item] = orjson.dumps(state)
            elif known := self.items.pop(item, None):
                changed[item] = None
                counts.judge(at > known[1])
                if known[2]:
                    said.append((item.encode(), job.alert(item, known[1], "resolved")))

    def look(self, now: float, changed: dict[str, bytes | None], said: Said) -> None:
        while self.heap and self.heap[0][0] <= now:
            near, item = heapq.heappop(self.heap)
            state = self.items.get(item)
            if state and state[0] == near and not state[2]:
                state[2] = 1.0
                changed[item] = orjson.dumps(state)
                said.append((item.encode(), job.alert(item, state[1], "firing")))


class Peer(ConsumerRebalanceListener):
    """Consumer, producer and the partitions at hand."""

    def __init__(self) -> None:
        self.partitions: dict[int, Partition] = {}
        self.ready = asyncio.Event()
        self.consumer = AIOKafkaConsumer(
            bootstrap_servers=job.BOOTSTRAP,
            group_id=job.GROUP,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        self.producer = AIOKafkaProducer(bootstrap_servers=job.BOOTSTRAP, acks="all", enable_idempotence=True)

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        self.ready.clear()
        for tp in revoked:
            self.partitions.pop(tp.partition, None)

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        for tp in assigned:
            self.partitions[tp.partition] = await restored(tp.partition)
        self.ready.set()

    async def run(self) -> None:
        await self.producer.start()
        await self.consumer.start()
        self.consumer.subscribe([job.TOPIC], listener=self)
        while True:
            fetched = await self.consumer.getmany(timeout_ms=250, max_records=FETCH)
            await self.ready.wait()  # a fetch may come before what it is folded into
            if fetched:
                counts.begin()
            await asyncio.gather(*(self.step(tp.partition, records) for tp, records in fetched.items()))
            if fetched:
                await self.consumer.commit({tp: records[-1].offset + 1 for tp, records in fetched.items()})
            else:
                await asyncio.gather(*(self.step(number, ()) for number in list(self.partitions)))

    async def step(self, number: int, records: Iterable) -> None:
        partition, changed, said = self.partitions[number], {}, []
        partition.apply((record.value for record in records), changed, said)
        partition.look(time.time(), changed, said)
        await self.send(job.ALERTS, number, said)
        await self.send(CHANGELOG, number, [(item.encode(), value) for item, value in changed.items()])

    async def send(self, topic: str, number: int, records: list[tuple[bytes, bytes | None]]) -> None:
        sent, batch = [], self.producer.create_batch()
        for key, value in records:
            if batch.append(key=key, value=value, timestamp=None) is None:
                sent.append(await self.producer.send_batch(batch, topic, partition=number))
                batch = self.producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)
        if batch.record_count():
            sent.append(await self.producer.send_batch(batch, topic, partition=number))
        await asyncio.gather(*sent)


async def restored(number: int) -> Partition:
    """What the changelog says of a partition."""
    partition, tp = Partition(), TopicPartition(CHANGELOG, number)
    consumer = AIOKafkaConsumer(bootstrap_servers=job.BOOTSTRAP, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        end = (await consumer.end_offsets([tp]))[tp]
        while await consumer.position(tp) < end:
            for record in (await consumer.getmany(tp, timeout_ms=250)).get(tp, ()):
                partition.restore(record.key.decode(), record.value)
    finally:
        await consumer.stop()
    partition.wake()
    return partition


async def main() -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=job.BOOTSTRAP)
    await admin.start()
    try:
        compact = {"cleanup.policy": "compact"}
        await admin.create_topics([NewTopic(CHANGELOG, job.PARTITIONS, 1, topic_configs=compact)])
    except TopicAlreadyExistsError:
        pass
    finally:
        await admin.close()
    counts.tell()
    await Peer().run()


if __name__ == "__main__":
    asyncio.run(main())
