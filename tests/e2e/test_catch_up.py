"""What a shut gate held back is caught up, and what was closed in the backlog never alerts (contract R11)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Broker
from tests.e2e.cluster import cluster
from tests.e2e.test_feeds import wait_for
from tests.e2e.test_worker import POLICY, event

AGO = 600.0
"""Seconds: far beyond the minute after which a stage that was held back is caught up."""
OPEN, CLOSED = 40, 25


def backlog(start: float) -> list[dict[str, Any]]:
    """Ten minutes ago: 65 messages, of which 25 were answered in time; the answers stand at the end of the backlog."""
    opened = [event(n, f"m-{n}", "sent", start + n / 100, department="a") for n in range(OPEN + CLOSED)]
    return opened + [event(1000 + n, f"m-{n}", "replied", start + 3, department="a") for n in range(CLOSED)]


@pytest.mark.timeout(180)
def test_a_backlog_is_caught_up_and_what_it_closes_never_alerts(broker: Broker, tmp_path: Path, prefix: str) -> None:
    with cluster(broker, prefix, tmp_path, POLICY) as under_test:
        first = under_test.worker()
        first.wait_ready()
        assert first.process is not None
        first.process.terminate()
        assert first.process.wait(40) == 0
        for each in backlog(time.time() - AGO):
            under_test.publish("message", json.dumps(each).encode(), each["subject"])
        under_test.flush()
        first.start()
        wait_for(lambda: len(under_test.open_ids()) >= OPEN, first.tail)
        time.sleep(2)
        said = under_test.alerts()
    fired = [alert for alert in said if alert["type"] == "portal.alert.fired"]
    notices = [alert for alert in said if alert["type"] == "portal.alert.notice"]
    assert {alert["subject"] for alert in fired} == {f"m-{n}" for n in range(CLOSED, OPEN + CLOSED)}
    assert len(fired) == OPEN
    for alert in fired:  # R5: the last of the stages that are due at once, in the name of all
        assert alert["data"]["stage"] == "escalated"
        assert alert["data"]["notify"] == ["pool", "on_call", "champion"]
        assert alert["data"]["catch_up"] is True
    assert sum(notice["data"]["count"] for notice in notices) == OPEN
    assert len(notices) == len({alert["data"]["partition"] for alert in fired})
    for notice in notices:
        assert notice["id"].startswith(f"catch-up:message:a:{notice['data']['partition']}:")
        assert "fired_at" not in notice["data"]
