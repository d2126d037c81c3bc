"""One Kafka for all: the logs that are read, an alerts topic for each run, and what a group has committed.

Theory of operation. A log is produced once and read by every job; keys are spread over the partitions as Kafka's own
clients do (murmur2). Whatever topics a run adds, its changelogs among them, go when it ends, so that the next one finds
the broker as the first did. A group's first assignment waits three seconds for more members, as Kafka's own default
has it: so workers that are started together share the partitions from the first event on.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from unittest import mock

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests import brokers, child
from tests.bench.peers.logs import Record
from tests.bench.peers.told import Alert
from tests.brokers import Broker
from tests.e2e.cluster import read_all

PARTITIONS: Final = 4
PATIENCE: Final = 30.0
"""Seconds that the broker has for an administrator's wish."""
READING: Final = 300.0
"""Seconds that reading a topic back may take."""
JOINING: Final = "group.initial.rebalance.delay.ms=3000\n"
"""For all who take part; the brokers of the tests do not wait."""


@contextmanager
def kafka() -> Iterator[Broker]:
    """A Kafka that waits for a group's members. BrokerFailed says why there is none."""
    with mock.patch.dict(brokers.PREPARE, {"patient Kafka": _prepare}), brokers.running("patient Kafka") as broker:
        yield broker


def _prepare(folder: Path, port: int) -> list[str]:
    folder.mkdir()
    lines = brokers.PROPERTIES.format(port=port, controller=child.free_port(), folder=folder).splitlines(keepends=True)
    name = JOINING.partition("=")[0]
    kept = [line for line in lines if line.partition("=")[0] != name]
    config = folder / "server.properties"
    config.write_text("".join([*kept, JOINING]))
    return brokers.formatted(config)


class Bed:
    """A broker with logs on it. `folder`: for the runs' files."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.broker, self.folder = broker, folder
        self._admin = AdminClient({"bootstrap.servers": broker.bootstrap, "log_level": 2})

    def fill(self, topic: str, records: Iterable[Record]) -> None:
        """Make a topic of these records."""
        self.make(topic)
        for _ in self.written((topic, record) for record in records):
            pass

    def written(self, records: Iterable[tuple[str, Record]]) -> Iterator[tuple[str, Record]]:
        """Write records to topics that are there, and hand on each; at the end the broker has all."""
        producer = Producer(
            {
                "bootstrap.servers": self.broker.bootstrap,
                "partitioner": "murmur2_random",
                "linger.ms": 50,
                "acks": "all",
                "queue.buffering.max.messages": 500_000,
            }
        )
        for topic, record in records:
            while True:
                try:
                    producer.produce(topic, record.value, record.key)
                    break
                except BufferError:
                    producer.poll(0.1)
            yield topic, record
        if producer.flush(READING):
            raise RuntimeError("the broker did not take the log")

    def make(self, topic: str) -> None:
        """Make an empty topic."""
        for made in self._admin.create_topics([NewTopic(topic, PARTITIONS, 1)]).values():
            made.result(PATIENCE)

    @contextmanager
    def cleared(self) -> Iterator[None]:
        """A block after which the topics that it added are gone."""
        before = self.topics()
        try:
            yield
        finally:
            self._drop(self.topics() - before)

    def _drop(self, topics: set[str]) -> None:
        if not topics:
            return
        for gone in self._admin.delete_topics(sorted(topics)).values():
            gone.result(PATIENCE)
        end = time.monotonic() + PATIENCE
        while left := topics & self.topics():
            if time.monotonic() > end:
                raise RuntimeError(f"the broker did not delete {', '.join(sorted(left))}")
            time.sleep(0.1)

    def topics(self) -> set[str]:
        """Those that are there, but for the broker's own."""
        return {name for name in self._admin.list_topics(timeout=PATIENCE).topics if not name.startswith("__")}

    def alerts(self, topic: str) -> list[Alert]:
        """What an alerts topic holds now."""
        read = read_all(self.broker.bootstrap, topic, READING)
        return [Alert(message.timestamp()[1] / 1e3, message.value() or b"{}") for message in read]

    @contextmanager
    def commits(self, group: str, *topics: str) -> Iterator[Commits]:
        """A look at what a group commits of topics."""
        consumer = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": group})
        try:
            yield Commits(consumer, topics)
        finally:
            consumer.close()


class Commits:
    """What a group has committed of topics that nobody writes to any more."""

    def __init__(self, consumer: Consumer, topics: Iterable[str]) -> None:
        self._consumer = consumer
        self._partitions = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
        self._end = sum(consumer.get_watermark_offsets(each, PATIENCE)[1] for each in self._partitions)

    def complete(self) -> bool:
        """Whether all of it has been committed."""
        try:
            committed = self._consumer.committed(self._partitions, PATIENCE)
        except KafkaException:
            return False  # the group's coordinator moves, or loads
        return sum(max(each.offset, 0) for each in committed) == self._end
