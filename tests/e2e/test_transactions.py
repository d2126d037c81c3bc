"""Events that come in transactions: what is committed counts, what is aborted never was, and none holds others up.

Contract R11 and section 1: only committed records are read, up to the last stable offset, and markers count as read.
The embedded broker has no transactions.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer

from schemas import instants
from tests.brokers import Broker
from tests.e2e.cluster import Cluster, cluster
from tests.e2e.letters import ONE_STAGE, Sent, alerts, alerts_of, opened, put
from tests.e2e.test_worker import event

DUE_SECONDS = 3.0
LATE_SECONDS = 1.0
KEY = b"p-4821"


@contextmanager
def transaction(under_test: Cluster, *values: bytes) -> Iterator[Producer]:
    """A transaction that was begun with these events; the block ends it."""
    name = uuid.uuid4().hex
    producer = Producer({"bootstrap.servers": under_test.broker.bootstrap, "transactional.id": name, "linger.ms": 0})
    producer.init_transactions(30)
    producer.begin_transaction()
    for value in values:
        producer.produce(f"{under_test.prefix}.messages", value, KEY, partition=0)
    assert producer.flush(30) == 0
    yield producer


def answered(item: str, at: float) -> bytes:
    return json.dumps(event(0, item, "replied", at) | {"id": f"answer-{item}"}).encode()


def plain(item: str, at: float) -> Sent:
    """An event outside any transaction, on the partition of the others."""
    return Sent(KEY, opened(item, at), [], round(at * 1000), 0)


@pytest.mark.brokers("kafka")
@pytest.mark.timeout(120)
def test_committed_counts_aborted_never_was_and_an_open_one_stops_no_other(
    broker: Broker, tmp_path: Path, prefix: str
) -> None:
    policy = ONE_STAGE.format(minutes=DUE_SECONDS / 60, partitioner="unchecked")
    with cluster(broker, prefix, tmp_path, policy, partitions="2") as under_test:
        under_test.worker().wait_ready()
        at = time.time()
        put(under_test, [plain(item, at) for item in ("m-plain", "m-answered", "m-not-answered")])
        with transaction(under_test, opened("m-committed", at), answered("m-answered", time.time())) as one:
            one.commit_transaction(30)
        with transaction(under_test, opened("m-aborted", at), answered("m-not-answered", time.time())) as one:
            one.abort_transaction(30)
        check_due(under_test, {"m-plain", "m-committed", "m-not-answered"}, at)
        check_open(under_test)


def check_due(under_test: Cluster, items: set[str], at: float) -> None:
    """These alert, in time, and nothing else: the last thing in the partition is a marker, which holds nothing back."""
    said = alerts_of(under_test, items)
    assert {alert["subject"] for alert in said} == items
    for alert in said:
        assert alert["appended"] - (at + DUE_SECONDS) < LATE_SECONDS
        assert "catch_up" not in alert["data"]
        assert alert["data"]["due_at"] == instants.text(round(at * 1e6) + round(DUE_SECONDS * 1e6))


def check_open(under_test: Cluster) -> None:
    """What was read before an open transaction alerts in time; what lies behind it waits for its end, and then counts.

    What waits may stop an item whose time has not come; an item in the open transaction is not seen before it ends.
    """
    before = {alert["subject"] for alert in alerts(under_test)}
    at = time.time()
    put(under_test, [plain("m-before", at)])
    with transaction(under_test, opened("m-open", at)) as one:
        put(under_test, [plain("m-behind", at)])
        said = alerts_of(under_test, {"m-before"})
        fired = next(alert for alert in said if alert["subject"] == "m-before")
        assert fired["appended"] - (at + DUE_SECONDS) < LATE_SECONDS
        assert {alert["subject"] for alert in said} == before | {"m-before"}
        one.commit_transaction(30)
    said = alerts_of(under_test, {"m-open", "m-behind"})
    assert [alert["subject"] for alert in said].count("m-before") == 1
    assert {alert["subject"] for alert in said} == before | {"m-before", "m-open", "m-behind"}
