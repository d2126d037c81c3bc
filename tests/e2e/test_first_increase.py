"""A real Prometheus scrapes a fresh worker: the first alert is an increase, and no sender adds a label value (case 25).

`increase` sees nothing of a series that begins with 1: so every known label set has to be there as 0 before.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests import prometheus
from tests.brokers import Broker
from tests.e2e.cluster import cluster
from tests.e2e.test_worker import POLICY, event
from tests.prometheus import Prometheus

RULES = sorted((Path(__file__).parents[2] / "deploy/prometheus/rules").glob("*.yml"))
INCREASED = "sum by (workflow, department, stage) (increase(portalwatch_alerts_total[2m])) > 0"
WANTED = {("message", "a", "escalated"), ("message", "other", "escalated")}


def departments(server: Prometheus) -> set[str]:
    return set(server.get("/api/v1/label/department/values")["data"])


@pytest.mark.brokers("embedded")
@pytest.mark.timeout(120)
def test_the_first_alert_of_a_fresh_worker_is_an_increase(broker: Broker, tmp_path: Path, prefix: str) -> None:
    with cluster(broker, prefix, tmp_path, POLICY) as under_test:
        worker = under_test.worker()
        target = f"127.0.0.1:{worker.environment['PORTALWATCH_METRICS_PORT']}"
        with prometheus.running(prometheus.config([target], RULES)) as server:
            worker.wait_ready()
            server.wait_for(lambda: len(server.query("portalwatch_alerts_total offset 3s")) == 12)
            before = departments(server)
            assert server.query("portalwatch_alerts_total > 0") == []

            ago = time.time() - 30
            for number, department in enumerate(("a", "SMITH^JOHN"), 1):
                sent = event(number, f"m-{number}", "sent", ago, department=department)
                under_test.publish("message", json.dumps(sent).encode(), f"m-{number}")
            under_test.flush()
            server.wait_for(lambda: len(server.query(INCREASED)) >= 2)
            found = {
                tuple(sample.labels[name] for name in ("workflow", "department", "stage"))
                for sample in server.query(INCREASED)
            }
            assert found == WANTED
            assert departments(server) == before == {"a", "b", "other", "unassigned"}

            missed = server.query('sum by (department) (portalwatch_items_pending{state="missed"}) > 0')
            assert {(each.labels["department"], each.value) for each in missed} == {("a", 1), ("other", 1)}
            server.wait_for(lambda: server.query('ALERTS{alertname="PortalwatchMissed",alertstate="pending"}'))
            rules = [rule for group in server.get("/api/v1/rules")["data"]["groups"] for rule in group["rules"]]
            assert [rule["name"] for rule in rules if rule["health"] == "err"] == []
            firing = {alert["labels"]["alertname"] for alert in server.alerts() if alert["state"] == "firing"}
            assert firing == {"PortalwatchDeadMansSwitch"}
