"""What is read back after a run, on real brokers: where an input ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.brokers import Broker
from tests.chaos.found import behind, is_end
from tests.coordinator import awaited
from tests.e2e.cluster import INPUTS, Cluster

COUNT = 44


def inputs(broker: Broker, prefix: str, folder: Path) -> Cluster:
    """Input topics of one partition, without workers."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    made = admin.create_topics([NewTopic(f"{prefix}.{suffix}", 1, 1) for suffix in INPUTS.values()])
    for each in made.values():
        each.result(30)
    return Cluster(broker, prefix, folder, "")


def commit(cluster: Cluster, offset: int) -> None:
    """As a worker does for `messages`."""
    consumer = Consumer({"bootstrap.servers": cluster.broker.bootstrap, "group.id": cluster.prefix})
    awaited(consumer.commit)(offsets=[TopicPartition(f"{cluster.prefix}.messages", 0, offset)], asynchronous=False)
    consumer.close()


def test_batches_of_several_records(broker: Broker, prefix: str, tmp_path: Path) -> None:
    cluster = inputs(broker, prefix, tmp_path)
    for number in range(COUNT):
        cluster.publish("message", b"{}", f"m-{number}")
    cluster.flush()
    assert behind(cluster) == [f"{prefix}.messages[0]: committed -1001, end {COUNT}"]
    commit(cluster, COUNT)
    assert behind(cluster) == []
    commit(cluster, COUNT - 1)
    assert behind(cluster) == [f"{prefix}.messages[0]: committed {COUNT - 1}, end {COUNT}"]


@pytest.mark.brokers("kafka")
def test_a_transaction_ends_with_a_marker(broker: Broker, prefix: str, tmp_path: Path) -> None:
    cluster = inputs(broker, prefix, tmp_path)
    producer = Producer({"bootstrap.servers": broker.bootstrap, "transactional.id": prefix})
    producer.init_transactions(30)
    producer.begin_transaction()
    for _ in range(COUNT):
        producer.produce(f"{prefix}.messages", b"{}", b"m-1")
    producer.commit_transaction(30)
    for offset in (COUNT, COUNT + 1):
        commit(cluster, offset)
        assert behind(cluster) == []
    commit(cluster, COUNT - 1)
    assert len(behind(cluster)) == 1


@pytest.mark.parametrize(
    ("committed", "end", "mark", "good"),
    [
        (44, 44, 44, True),
        (44, 44, 43, True),  # the embedded broker's mark
        (43, 44, 43, False),
        (45, 44, 45, True),  # a transaction's marker
        (44, 44, 45, True),
        (45, 44, 44, False),
        (0, 0, 0, True),
        (0, 1, 1, False),
    ],
)
def test_is_end(committed: int, end: int, mark: int, good: bool) -> None:
    assert is_end(committed, end, mark) is good
