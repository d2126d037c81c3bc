"""A new policy applies to every pending item at once, in a running cluster (contract R13)."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from streams import policies
from tests.brokers import Broker
from tests.e2e.cluster import Cluster, cluster
from tests.e2e.test_feeds import wait_for
from tests.e2e.test_worker import POLICY, event

SLOW = POLICY.replace("within: 0.2 minutes", "within: 60 minutes")
FAST = POLICY.replace("version: seconds", "version: faster")
OTHER_CALL = POLICY.replace("on_call: call-a", "on_call: call-z").replace("version: seconds", "version: rerouted")


def put_in_force(under_test: Cluster, text: str) -> None:
    client = {"bootstrap_servers": under_test.broker.bootstrap}
    asyncio.run(policies.write(client, f"{under_test.prefix}.policy", text.encode(), "test"))


def produce_raw(under_test: Cluster, text: bytes) -> None:
    """As somebody without our tools would."""
    producer = Producer({"bootstrap.servers": under_test.broker.bootstrap})
    producer.produce(f"{under_test.prefix}.policy", text, "policy")
    assert producer.flush(30) == 0


def of(under_test: Cluster, item: str) -> list[dict[str, Any]]:
    return [alert for alert in under_test.alerts() if alert["subject"] == item]


@pytest.mark.timeout(180)
def test_a_new_policy_judges_what_is_pending(broker: Broker, tmp_path: Path, prefix: str) -> None:
    with cluster(broker, prefix, tmp_path, SLOW) as under_test:
        worker = under_test.worker()
        worker.wait_ready()
        for n, priority in ((1, "routine"), (2, "urgent")):
            opened = event(n, f"m-{n}", "sent", time.time(), department="a", priority=priority)
            under_test.publish("message", json.dumps(opened).encode(), f"m-{n}")
        under_test.flush()
        wait_for(lambda: any(a["data"]["stage"] == "missed" for a in of(under_test, "m-2")), worker.tail)
        assert of(under_test, "m-1") == []

        put_in_force(under_test, FAST)
        wait_for(lambda: any(a["data"]["stage"] == "missed" for a in of(under_test, "m-1")), worker.tail)
        assert {a["data"]["policy"] for a in of(under_test, "m-1")} == {"faster"}

        produce_raw(under_test, b"version: broken\n")
        wait_for(lambda: "a new policy is refused" in worker.log.read_text(), worker.tail)
        assert worker.get("/readyz")[0] == 200

        put_in_force(under_test, OTHER_CALL)
        wait_for(lambda: rerouted(under_test, "m-1"), worker.tail)


def rerouted(under_test: Cluster, item: str) -> bool:
    """Its missed alert was resolved by the policy, and one fires to the new recipient."""
    missed = [a["data"] for a in of(under_test, item) if a["data"]["stage"] == "missed"]
    return any(d.get("reason") == "policy" for d in missed) and any(
        d["state"] == "firing" and d["recipients"] == ["call-z"] and d["policy"] == "rerouted" for d in missed
    )
