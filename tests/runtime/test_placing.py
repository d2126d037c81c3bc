"""Where a worker goes on: offsets that retention deleted, topics that were made anew, offsets that were reset."""

from __future__ import annotations

import time
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.coordinator import awaited
from tests.runtime.harness import Bench, is_ready, until

SETTLES = 1.0


def opened(count: int, begin: int = 0) -> list[dict[str, Any]]:
    return [{"t": "open", "id": f"i{n}", "due": 1.0} for n in range(begin, begin + count)]


def worked_off(one: Bench, offset: int, **settings: Any) -> str:
    """A worker until so much is committed; its log."""
    worker = one.worker(**settings)
    until(lambda: one.committed() == offset, f"committed {offset}")
    until(is_ready(worker), "ready")
    assert worker.stop() == 0
    return worker.log()


@pytest.mark.brokers("kafka")
def test_what_was_deleted_unread_is_told_and_the_rest_is_read(one: Bench) -> None:
    one.put(opened(2))
    worked_off(one, 2)
    one.put(opened(5, 2))
    admin = AdminClient({"bootstrap.servers": one.broker.bootstrap})
    for done in admin.delete_records([TopicPartition(f"{one.prefix}.events", 0, 5)]).values():
        done.result(30)
    log = worked_off(one, 7, name="b")
    assert f"{one.prefix}.events 0: offsets 2 to 4 were DELETED BEFORE THEY WERE READ" in log
    assert sorted(one.said()) == ["i0:late", "i1:late", "i5:late", "i6:late"]


def made_anew(one: Bench, old: int, new: int) -> None:
    """So many are worked off, then the topic is deleted and made once more; Kafka forgets what was committed of it."""
    one.put(opened(old))
    worked_off(one, old)
    admin = AdminClient({"bootstrap.servers": one.broker.bootstrap})
    admin.delete_topics([f"{one.prefix}.events"])[f"{one.prefix}.events"].result(30)
    until(lambda: f"{one.prefix}.events" not in admin.list_topics(timeout=10).topics, "deleted")
    time.sleep(SETTLES)
    one.make("events")
    one.put(opened(new, old))


@pytest.mark.brokers("kafka")
def test_a_topic_made_anew_is_read_from_its_first_record(one: Bench) -> None:
    made_anew(one, 5, 2)
    log = worked_off(one, 2, name="b")
    assert "offset 5 is not there: the topic was cut off or made anew; going on at its first record, 0" in log
    assert sorted(one.said()) == [f"i{n}:late" for n in range(7)]
    one.put(opened(1, 7))
    assert "is not there" not in worked_off(one, 3, name="c"), "it knows its place again"
    assert sorted(one.said()) == [f"i{n}:late" for n in range(8)]


@pytest.mark.brokers("kafka")
def test_a_topic_made_anew_that_is_longer_than_the_old_needs_a_word(one: Bench) -> None:
    made_anew(one, 2, 5)
    worked_off(one, 5, name="b", rewind=1)
    assert sorted(one.said()) == [f"i{n}:late" for n in range(7)]


@pytest.mark.brokers("kafka")  # the embedded one takes a commit from members alone
def test_offsets_that_were_reset_are_obeyed_only_when_told(one: Bench) -> None:
    one.put([{"t": "open", "id": "i"}, {"t": "add", "id": "i", "n": 1}])
    worked_off(one, 2)
    assert one.table("items")["i"]["sum"] == 1
    consumer = Consumer({"bootstrap.servers": one.broker.bootstrap, "group.id": f"{one.prefix}.app"})
    back = [TopicPartition(f"{one.prefix}.events", 0, 1)]
    awaited(consumer.commit)(offsets=back, asynchronous=False)
    worked_off(one, 2, name="b")
    assert one.table("items")["i"]["sum"] == 1, "the state knows how far it had read"
    awaited(consumer.commit)(offsets=back, asynchronous=False)
    consumer.close()
    worked_off(one, 2, name="c", rewind=1)
    assert one.table("items")["i"]["sum"] == 2, "read once more, as asked"
