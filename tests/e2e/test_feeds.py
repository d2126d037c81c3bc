"""A feed that falls silent is said to be so once, also through a restart, and is restored (contract R16)."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Broker
from tests.e2e.cluster import Cluster, cluster
from tests.e2e.test_worker import POLICY, event

QUIET = POLICY.replace("settings: {", "settings: {silent_feed: {message: 0.05 minutes}, ")
WAIT_SECONDS = 30.0


def heartbeat(number: int) -> bytes:
    beat = event(number, "feed", "sent", time.time())
    del beat["subject"]
    return json.dumps({**beat, "type": "portal.feed.heartbeat"}).encode()


def feed_alerts(under_test: Cluster) -> list[dict[str, Any]]:
    return [alert for alert in under_test.alerts() if alert["type"].startswith("portal.feed.")]


def wait_for(what: Callable[[], bool], why: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not what():
        assert time.monotonic() < end, why()
        time.sleep(0.3)


@pytest.mark.timeout(180)
def test_a_silent_feed_is_said_once_and_restored(broker: Broker, tmp_path: Path, prefix: str) -> None:
    with cluster(broker, prefix, tmp_path, QUIET) as under_test:
        worker = under_test.worker()
        worker.wait_ready()
        wait_for(lambda: bool(feed_alerts(under_test)), worker.tail)
        silent = feed_alerts(under_test)[0]
        assert silent["type"] == "portal.feed.silent"
        assert silent["subject"] == "message"
        assert silent["id"].startswith("feed:message:")
        assert silent["data"]["alert"] == silent["id"]
        assert silent["data"]["state"] == "firing"
        assert silent["data"]["stage"] == "feed-silent"
        assert silent["data"]["recipients"] == ["call"]
        assert silent["data"]["partition"] == 0
        assert under_test.open_ids() == {silent["id"]}

        worker.signal(signal.SIGKILL)
        worker.start()
        worker.wait_ready()
        time.sleep(4)
        assert {alert["id"] for alert in feed_alerts(under_test)} == {silent["id"]}

        under_test.publish("message", heartbeat(1), "feed")
        under_test.flush()
        wait_for(lambda: len({a["id"] for a in feed_alerts(under_test)}) >= 2, worker.tail)
        restored = feed_alerts(under_test)[-1]
        assert restored["type"] == "portal.feed.restored"
        assert restored["id"] == silent["id"].removesuffix("silent") + "restored"
        assert restored["data"]["alert"] == silent["id"]
        assert restored["data"]["state"] == "resolved"


@pytest.mark.timeout(180)
def test_alerts_of_a_silent_feed_say_so(broker: Broker, tmp_path: Path, prefix: str) -> None:
    with cluster(broker, prefix, tmp_path, QUIET) as under_test:
        worker = under_test.worker()
        worker.wait_ready()
        opened = event(1, "m-1", "sent", time.time(), department="a", priority="urgent")
        under_test.publish("message", json.dumps(opened).encode(), "m-1")
        under_test.flush()

        def missed() -> list[dict[str, Any]]:
            return [a for a in under_test.alerts() if a["subject"] == "m-1" and a["data"]["stage"] == "escalated"]

        wait_for(lambda: bool(missed()), worker.tail)
        assert missed()[0]["data"]["feed"] == "silent"
