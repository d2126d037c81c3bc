"""A partition read to its end, and its end alone (`changelog.read`, `changelog.tail`)."""

from __future__ import annotations

from aiokafka import TopicPartition
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from streams.runtime import changelog
from streams.runtime.batch import Record
from tests.brokers import Broker

RECORDS = 500


def even(record: Record) -> bool:
    return int(record.value or b"1") % 2 == 0


async def test_the_end_of_a_partition(broker: Broker, prefix: str) -> None:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic(prefix, 1, 1)])[prefix].result(30)
    client, place = {"bootstrap_servers": broker.bootstrap}, TopicPartition(prefix, 0)
    assert await changelog.tail(client, place, even, lambda _: False) == []
    producer = Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 5})
    for n in range(RECORDS):
        producer.produce(prefix, str(n), str(n))
    assert producer.flush(30) == 0

    async def found(least: int, *strides: int) -> list[int]:
        """What is kept when nothing older than `least` is asked for."""
        records = await changelog.tail(client, place, even, lambda record: int(record.value or b"") <= least, strides)
        return [int(record.value or b"") for record in records]

    for least, strides, first in (
        (490, (20, 100), 480),
        (450, (20, 100), 400),
        (0, (20, 100), 400),  # the greatest stride is the bound
        (0, (20, 100, 900), 0),
    ):
        read = await found(least, *strides)
        if broker.kind == "embedded":  # it tells ends that are too low, so more is read than is asked for
            read = [number for number in read if number >= first]
        assert read == list(range(first, RECORDS, 2))


async def test_what_is_gone_is_told_unless_there_is_nothing_to_take_it_from(broker: Broker, prefix: str) -> None:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic(prefix, 1, 1)])[prefix].result(30)
    client, place = {"bootstrap_servers": broker.bootstrap}, TopicPartition(prefix, 0)
    producer = Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 5})
    for key, value in [("a", "1"), ("b", "1"), ("a", None), ("c", None), ("b", None), ("b", "2"), ("a", None)]:
        producer.produce(prefix, value, key)
        assert producer.flush(30) == 0
    for bare, latest in (((), {b"a": None, b"b": b"2", b"c": None}), ({place}, {b"b": b"2"})):
        contents = await changelog.read(client, {place: 0}, lambda _read, _of: None, bare=bare)
        assert contents == ({place: latest}, {place: 7}, 7)
