"""Cohorts and gauges of live workers: over partitions, through a rebalance, until a window is over (section 7, 8)."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from schemas import instants
from schemas.policy import DAY
from streams.scorecards import Partials
from tests.brokers import Broker
from tests.e2e.cluster import Cluster, cluster
from tests.e2e.test_feeds import wait_for
from tests.e2e.test_metrics import Samples, counted, samples, scrape
from tests.e2e.test_worker import event

POLICY = """
version: slow
calendars:
  always: {timezone: UTC, hours: {daily: 00:00-24:00}}
departments:
  a: {pool: pool-a}
  b: {pool: pool-b}
defaults: {calendar: always, pool: desk, on_call: call, champion: committee}
clocks:
  - {name: reply, workflow: message, rules: [{within: 2 hours}]}
settings: {lead: 0 minutes}
"""
ITEMS, PARTITIONS = 24, 4
CLOCK, START = "2026-11-02T08:00:00Z@12", instants.parse("2026-11-02T08:00:00Z") / 1e6
"""The workers' clock: a minute, which a row has to wait, in 5 s."""


def rows(under_test: Cluster) -> dict[tuple[str, str], dict[str, int]]:
    """By department and clock, summed over partitions and windows, as any reader would."""
    partials, found = Partials(), dict[tuple[str, str], dict[str, int]]()
    for message in under_test.read("scorecards"):
        partials.take(message.key() or b"", message.value())
    for key, row in partials.summed().items():
        sums = found.setdefault((key.department, key.clock), {})
        for number, name in enumerate(("pending", "paused", "met", "missed")):
            sums[name] = sums.get(name, 0) + row.count(number)
        sums["opened"] = sums.get("opened", 0) + row.opened
        sums["alerted"] = sums.get("alerted", 0) + row.alerted
    return found


def summed(under_test: Cluster, name: str) -> Samples:
    """A metric, summed over the workers that answer."""
    found: Samples = {}
    for worker in under_test.workers:
        if worker.process is not None and worker.process.poll() is None:
            for labels, value in samples(scrape(worker)).get(name, {}).items():
                found[labels] = found.get(labels, 0) + value
    return counted(found)


def publish(under_test: Cluster, start: float) -> None:
    """24 items: opened 5 h, 92 min or a minute ago, a third of department `b`, half of them answered.

    An answer comes before what it answers: in between, an item would rightly be alerted, if a tick fell there.
    """
    for n in range(ITEMS):
        item, ago = f"m-{n}", (5 * 3600, 92 * 60, 60)[n % 3]
        department = {"department": "b" if n % 3 == 0 else "a"}
        if n % 2:
            answer = event(2 * n + 1, item, "replied", start - ago + 3600 if ago > 3600 else start)
            under_test.publish("message", json.dumps(answer).encode(), item)
        under_test.publish("message", json.dumps(event(2 * n, item, "sent", start - ago, **department)).encode(), item)
    under_test.flush()


PENDING = {("a", "due_soon", "message"): 4, ("a", "on_time", "message"): 4, ("b", "missed", "message"): 4}
ROWS: dict[tuple[str, str], dict[str, int]] = {
    ("a", "reply"): {"pending": 8, "paused": 0, "met": 8, "missed": 0, "opened": 16, "alerted": 4},
    ("b", "reply"): {"pending": 4, "paused": 0, "met": 4, "missed": 0, "opened": 8, "alerted": 4},
}


@pytest.mark.timeout(180)
def test_the_sums_over_workers_stay_right_through_a_rebalance(broker: Broker, tmp_path: Path, prefix: str) -> None:
    with cluster(broker, prefix, tmp_path, POLICY, clock=CLOCK) as under_test:
        first, second = under_test.worker(), under_test.worker()
        wait_for(lambda: all(held(worker) for worker in (first, second)), second.tail)
        publish(under_test, START)
        wait_for(lambda: summed(under_test, "portalwatch_items_pending") == PENDING, second.tail)
        wait_for(lambda: rows(under_test) == ROWS, lambda: (rows(under_test), first.tail(), second.tail()))
        firing = summed(under_test, "portalwatch_alerts_firing")
        assert {labels[0]: count for labels, count in firing.items()} == {"a": 4, "b": 4}
        ended = {("reply", "a", "met", "message"): 8, ("reply", "b", "met", "message"): 4}
        assert summed(under_test, "portalwatch_cycles_total") == ended
        stopped = {("a", "message"): 8, ("b", "message"): 4}
        assert summed(under_test, "portalwatch_response_open_seconds_count") == stopped

        second.signal(signal.SIGKILL)
        wait_for(lambda: len(held(first)) == PARTITIONS, first.tail)
        wait_for(lambda: summed(under_test, "portalwatch_items_pending") == PENDING, first.tail)
        assert summed(under_test, "portalwatch_alerts_firing") == firing
        second.start()
        wait_for(lambda: len(held(first)) + len(held(second)) == PARTITIONS and len(held(second)) > 0, second.tail)
        wait_for(lambda: summed(under_test, "portalwatch_items_pending") == PENDING, first.tail)
        assert summed(under_test, "portalwatch_alerts_firing") == firing
        assert rows(under_test) == ROWS
        opened = [
            samples(scrape(worker))["portalwatch_oldest_pending_timestamp_seconds"] for worker in under_test.workers
        ]
        assert min(each.get(("b", "message"), 1e12) for each in opened) == START - 5 * 3600


def held(worker: Any) -> list[str]:
    """The partitions that a worker works on."""
    status, body = worker.get("/readyz")
    return [p for p, lane in body["partitions"].items() if lane["recovered"]] if status else []


@pytest.mark.timeout(120)
def test_36_days_on_the_row_is_gone(broker: Broker, tmp_path: Path, prefix: str) -> None:
    """Case 26; the partitions' time moves with their events."""
    with cluster(broker, prefix, tmp_path, POLICY, clock=CLOCK) as under_test:
        worker = under_test.worker()
        worker.wait_ready()
        past = START - 36 * DAY / 1e6
        for n in range(8):
            line = json.dumps(event(n, f"m-{n}", "sent", past, department="a")).encode()
            under_test.publish("message", line, f"m-{n}")
        under_test.flush()
        wait_for(lambda: rows(under_test).get(("a", "reply"), {}).get("opened") == 8, worker.tail)
        partitions = {(message.key() or b"").decode().split("/")[-1] for message in under_test.read("scorecards")}
        assert len(partitions) > 1, "one row, of several partitions"
        for n in range(100, 140):  # some on each partition
            line = json.dumps(event(n, f"m-{n}", "sent", START, department="b")).encode()
            under_test.publish("message", line, f"m-{n}")
        under_test.flush()
        wait_for(lambda: set(rows(under_test)) == {("b", "reply")}, worker.tail)
        wait_for(lambda: rows(under_test)["b", "reply"]["opened"] == 40, worker.tail)
