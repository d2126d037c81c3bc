"""`/metrics` of a live worker: from 0, counted as the topics have it, and nothing for promtool to find (section 8)."""

from __future__ import annotations

import json
import os
import re
import socket
import time
import urllib.request
import warnings
from pathlib import Path

import pytest
from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families

from tests import debian, promtool
from tests.brokers import Broker
from tests.e2e.cluster import INPUTS, Cluster, Worker, cluster
from tests.e2e.test_feeds import heartbeat, wait_for
from tests.e2e.test_worker import POLICY, event

COUNTERS = ("portalwatch_events_total", "portalwatch_alerts_total", "portalwatch_deadletters_total")
PARTITIONS = ("0", "1", "2", "3")
Samples = dict[tuple[str, ...], float]


def scrape(worker: Worker) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{worker.environment['PORTALWATCH_METRICS_PORT']}/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text: str = answer.read().decode()
        return text


def samples(page: str) -> dict[str, Samples]:
    """By name, then by the values of the labels in the order of the labels' names."""
    found: dict[str, Samples] = {}
    for family in text_string_to_metric_families(page):
        for each in family.samples:
            found.setdefault(each.name, {})[tuple(value for _, value in sorted(each.labels.items()))] = each.value
    return found


def counted(found: Samples) -> Samples:
    return {labels: value for labels, value in found.items() if value}


def judge(page: str) -> None:
    """Promtool finds nothing; outside CI a machine may be without it, and is told so."""
    if debian.path("promtool") is None and "CI" not in os.environ:
        warnings.warn("promtool is not here: `python -m tests.provide` says why", stacklevel=2)
    else:
        assert promtool.check(page) == ""


def publish(under_test: Cluster) -> None:
    """Two that escalate at once, a repeat, a heartbeat, an answer to nothing, and two that cannot be taken."""
    ago = time.time() - 30
    known, unknown = (json.dumps(event(n, f"m-{n}", "sent", ago, department=d)) for n, d in ((1, "a"), (2, "zebra")))
    answer = json.dumps(event(3, "m-3", "replied", time.time()))
    for text, key in ((known, "m-1"), (known, "m-1"), (unknown, "m-2"), (answer, "m-3")):
        under_test.publish("message", text.encode(), key)
    under_test.publish("message", heartbeat(4), "feed")
    under_test.publish("message", b"garbage", "m-5")
    under_test.publish("result", known.encode(), "m-1")
    under_test.flush()


@pytest.mark.timeout(120)
def test_the_metrics_of_a_live_worker(broker: Broker, tmp_path: Path, prefix: str) -> None:
    with cluster(broker, prefix, tmp_path, POLICY) as under_test:
        worker = under_test.worker()
        worker.wait_ready()
        fresh = scrape(worker)
        judge(fresh)
        before = samples(fresh)
        for name in COUNTERS:
            assert before[name]
            assert not counted(before[name]), name
        assert {stage for _, stage, _ in before["portalwatch_alerts_total"]} == {"due-soon", "missed", "escalated"}
        ((sha256, version),) = before["portalwatch_policy_info"]
        assert (len(sha256), version) == (64, "seconds")
        assert before["portalwatch_policy_last_reload_successful"] == {(): 1}

        publish(under_test)
        wait_for(lambda: sum(samples(scrape(worker))["portalwatch_alerts_total"].values()) >= 2, worker.tail)
        wait_for(lambda: not counted(samples(scrape(worker))["portalwatch_consumer_lag"]), worker.tail)
        page = scrape(worker)
        judge(page)
        check(samples(page), prefix)
        fired = [alert for alert in under_test.alerts() if alert["type"] == "portal.alert.fired"]
        assert len(fired) == 2
        assert len(under_test.read("deadletters")) == 2

        put_policy(under_test, b"version: 2")
        wait_for(lambda: samples(scrape(worker))["portalwatch_policy_last_reload_successful"] == {(): 0}, worker.tail)
        put_policy(under_test, POLICY.encode())
        wait_for(lambda: samples(scrape(worker))["portalwatch_policy_last_reload_successful"] == {(): 1}, worker.tail)
        labels = re.findall(r'="([^"]*)"', page)
        assert not [label for label in labels if re.search(r"m-\d|zebra|call|desk|committee", label)]


def put_policy(under_test: Cluster, text: bytes) -> None:
    """As a program would that does not check it."""
    producer = Producer({"bootstrap.servers": under_test.broker.bootstrap})
    producer.produce(f"{under_test.prefix}.policy", text, "policy", partition=0)
    assert producer.flush(30) == 0


def check(found: dict[str, Samples], prefix: str) -> None:
    assert counted(found["portalwatch_events_total"]) == {
        ("portal.message.sent", "message"): 3,
        ("portal.message.replied", "message"): 1,
        ("portal.feed.heartbeat", "message"): 1,
    }
    assert counted(found["portalwatch_alerts_total"]) == {
        ("a", "escalated", "message"): 1,
        ("other", "escalated", "message"): 1,
    }
    assert counted(found["portalwatch_deadletters_total"]) == {
        ("undecodable", f"{prefix}.messages"): 1,
        ("unknown_type", f"{prefix}.results"): 1,
    }
    assert found["portalwatch_event_age_seconds_count"]["message",] == 5
    assert found["portalwatch_event_age_seconds_sum"]["message",] > 3 * 29
    assert found["portalwatch_alert_lateness_seconds_count"] == {(): 2}
    assert found["portalwatch_catching_up"] == {(partition,): 0 for partition in PARTITIONS}
    # Nothing but what the broker writes to shut out an owner before, which counts as read.
    read, expected = (found[f"portalwatch_recovery_records{end}"] for end in ("", "_expected"))
    assert read == expected
    assert read.keys() == {(partition,) for partition in PARTITIONS}
    assert set(read.values()) <= {0, 3}
    topics = {f"{prefix}.{suffix}" for suffix in INPUTS.values()}
    assert found["portalwatch_consumer_lag"] == {(p, topic): 0 for p in PARTITIONS for topic in topics}


def test_a_worker_whose_metrics_port_is_taken_ends_at_its_start(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        nowhere = {"PORTALWATCH_BROKER": f"kafka://127.0.0.1:{port}", "PORTALWATCH_DATADIR": str(tmp_path / "data")}
        worker = Worker(nowhere, tmp_path / "log")
        worker.environment["PORTALWATCH_METRICS_PORT"] = str(port)
        worker.start()
        assert worker.process is not None
        try:
            assert worker.process.wait(60) == 1, worker.tail()
        finally:
            worker.process.kill()
    said = [line for line in worker.tail().splitlines() if "PORTALWATCH_METRICS_PORT" in line]
    assert len(said) == 1, worker.tail()
    assert f"127.0.0.1 port {port}: the port is taken" in said[0]
    assert "Traceback" not in worker.tail()
