"""What a lane reads and when it judges: the gate, transactions, large records, punctual ticks."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource

from tests.runtime.harness import Bench, is_ready, until


def spoken(one: Bench) -> dict[str, dict[str, Any]]:
    return {value["id"]: value for value in (json.loads(m.value()) for m in one.read("said"))}


def test_a_due_time_is_judged_only_when_the_inputs_are_read(one: Bench) -> None:
    """Half of the items close while the worker stands still; it wakes after their due time. And ticks are punctual."""
    worker = one.worker(session=6)
    until(is_ready(worker), "ready")
    due = time.time() + 2.5
    one.put([{"t": "open", "id": f"i{n}", "due": due} for n in range(40)])
    one.put([{"t": "open", "id": "on-time", "due": due - 1.5}], partition=1)
    until(lambda: "on-time:late" in spoken(one), "a quiet partition's tick")
    at = spoken(one)["on-time:late"]
    assert due - 1.5 <= at["known"] <= at["at"]
    assert at["at"] - (due - 1.5) < 1.0
    worker.signal(signal.SIGSTOP)
    one.put([{"t": "close", "id": f"i{n}"} for n in range(20)])
    one.put([{"t": "close", "id": f"i{n}"} for n in range(20, 30)], "extras")
    time.sleep(max(0.0, due + 0.5 - time.time()))
    worker.signal(signal.SIGCONT)
    until(lambda: len(spoken(one)) >= 11, "those that are late")
    time.sleep(0.5)
    assert set(spoken(one)) == {"on-time:late", *(f"i{n}:late" for n in range(30, 40))}
    assert all(said["known"] >= due for name, said in spoken(one).items() if name != "on-time:late")
    assert worker.stop() == 0


def test_a_large_record_passes(one: Bench) -> None:
    admin = AdminClient({"bootstrap.servers": one.broker.bootstrap})
    if one.broker.kind == "kafka":
        entry = ConfigEntry("max.message.bytes", "8000000", incremental_operation=AlterConfigOpType.SET)
        names = (f"{one.prefix}.events", f"{one.prefix}.said")
        topics = [ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=[entry]) for name in names]
        for done in admin.incremental_alter_configs(topics).values():
            done.result(20)
    large = Producer({"bootstrap.servers": one.broker.bootstrap, "message.max.bytes": 8_000_000})
    large.produce(f"{one.prefix}.events", json.dumps({"t": "echo", "id": "i1", "pad": "x" * 5_000_000}), partition=0)
    assert large.flush(30) == 0
    one.put([{"t": "open", "id": "i1"}])
    worker = one.worker()
    until(lambda: one.committed() == 2, "both are worked off")
    (echo,) = one.read("said")
    assert len(echo.value()) > 5_000_000
    assert list(one.table("items")) == ["i1"]
    assert worker.stop() == 0


@pytest.mark.brokers("kafka")
def test_only_committed_records_are_read_and_markers_do_not_hold_the_gate(one: Bench) -> None:
    worker = one.worker()
    writer = Producer({"bootstrap.servers": one.broker.bootstrap, "transactional.id": one.prefix})
    writer.init_transactions(20)
    for item, ends in (("yes", writer.commit_transaction), ("no", writer.abort_transaction)):
        writer.begin_transaction()
        writer.produce(f"{one.prefix}.events", json.dumps({"t": "open", "id": item, "due": 1.0}), partition=0)
        writer.flush(20)  # else librdkafka aborts it without a word to the broker
        ends(20)
    until(lambda: one.said() == ["yes:late"], "the committed one is judged, with a marker behind it")
    until(lambda: one.committed() == 4, "markers count as read in what is committed, too")
    writer.begin_transaction()
    writer.produce(f"{one.prefix}.events", json.dumps({"t": "open", "id": "open", "due": 1.0}), partition=0)
    writer.flush(20)
    one.put([{"t": "open", "id": "behind", "due": 1.0}])
    asked = time.time()
    until(lambda: worker.lanes()[0]["known"] > asked + 0.5, "an open transaction does not hold the gate")
    assert one.said() == ["yes:late"]
    writer.commit_transaction(20)
    until(lambda: set(one.said()) == {"yes:late", "open:late", "behind:late"}, "what came behind it")
    assert set(one.table("items")) == {"yes", "open", "behind"}
    assert worker.stop() == 0


@pytest.mark.brokers("kafka")
def test_a_changelog_is_made_compacted_and_with_segments_that_end(one: Bench) -> None:
    worker = one.worker()
    until(is_ready(worker), "ready")
    admin = AdminClient({"bootstrap.servers": one.broker.bootstrap})
    name = f"{one.prefix}.app-items-changelog"
    (done,) = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name)]).values()
    config = {key: entry.value for key, entry in done.result(20).items()}
    assert (config["cleanup.policy"], config["segment.ms"]) == ("compact", "600000")
    assert len(admin.list_topics(name, 20).topics[name].partitions) == 2
    assert worker.stop() == 0
