"""State topics that hold what no worker wrote: told of, or copied to the dead letters and left out when asked to."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from tests.brokers import Broker
from tests.e2e.cluster import Cluster, cluster
from tests.e2e.test_worker import POLICY, event

SECRET = b"p-4821 wrote this"


def until(check: Any, seconds: float = 40.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.2)
    return found


def fired(under_test: Cluster) -> dict[str, str]:
    return {a["subject"]: a["data"]["stage"] for a in under_test.alerts() if a["type"] == "portal.alert.fired"}


def send(under_test: Cluster, item: str, verb: str) -> None:
    data = {"department": "a", "priority": "urgent"} if verb == "sent" else {}
    one = event(0, item, verb, time.time(), **data)
    under_test.publish("message", json.dumps(one | {"id": f"{item}-{verb}"}).encode(), item)
    under_test.flush()


@pytest.mark.timeout(240)
def test_records_that_are_no_state_are_named_and_can_be_set_aside(broker: Broker, tmp_path: Path, prefix: str) -> None:
    with cluster(broker, prefix, tmp_path, POLICY) as under_test:
        first = under_test.worker()
        first.wait_ready()
        send(under_test, "m-1", "sent")
        until(lambda: fired(under_test).get("m-1") == "due-soon")
        assert first.signal(signal.SIGTERM) == 0
        damage(under_test)
        second = under_test.worker()
        assert second.process is not None
        assert second.process.wait(60) == 1
        tail = second.tail()
        assert "the changelog holds what no worker wrote there: " in tail
        assert re.search(rf"{prefix}-items-changelog\[\d] at offset \d+: not an item's state", tail)
        assert re.search(rf"{prefix}\.alerts\.open\[\d] at offset \d+: not an alert", tail)
        assert "--skip-corrupt" in tail
        assert "Traceback" not in tail
        third = under_test.worker("--skip-corrupt")
        third.wait_ready()
        send(under_test, "m-2", "sent")
        until(lambda: fired(under_test).get("m-2") == "due-soon")
        letters = until(lambda: len(found := under_test.read("deadletters")) == 2 and found)
        assert {(m.key(), m.value()) for m in letters} == {(b"message:m-1", b"garbage"), (b"x", SECRET)}
        headers = [dict(m.headers()) for m in letters]
        assert {h["portalwatch.topic"] for h in headers} == {
            f"{prefix}-items-changelog".encode(),
            f"{prefix}.alerts.open".encode(),
        }
        assert {h["portalwatch.reason"] for h in headers} == {b"undecodable"}
        for worker in under_test.workers:
            assert "p-4821" not in worker.log.read_text()
        assert third.signal(signal.SIGTERM) == 0
        fourth = under_test.worker()
        fourth.wait_ready()
        assert len(under_test.read("deadletters")) == 2


def damage(under_test: Cluster) -> None:
    """Garbage over an item that is pending, on its own partition, and a stranger among the open alerts."""
    log = f"{under_test.prefix}-items-changelog"
    where = under_test.read("messages")[0].partition() or 0
    producer = Producer({"bootstrap.servers": under_test.broker.bootstrap})
    producer.produce(log, b"garbage", b"message:m-1", partition=where)
    producer.produce(f"{under_test.prefix}.alerts.open", SECRET, b"x", partition=where)
    assert producer.flush(20) == 0
