"""A small clinic of which every state is to be had within seconds: its policy, and what happens in it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from tests.e2e.cluster import Cluster
from tests.e2e.test_feeds import heartbeat
from tests.e2e.test_worker import event

POLICY = """
version: panels
calendars:
  always: {timezone: UTC, hours: {daily: 00:00-24:00}}
departments:
  a: {pool: pool-a, on_call: call-a}
  b: {pool: pool-b}
defaults: {calendar: always, pool: desk, on_call: call, champion: committee}
clocks:
  - name: reply
    workflow: message
    rules: [{within: 20 minutes}]
    stages:
      - {name: due-soon, at: 50%, notify: pool}
      - {name: missed, at: due, severity: critical, notify: on_call}
  - name: release
    workflow: result
    rules: [{within: 20 minutes}]
settings: {lead: 0 minutes, max_age: 1 hours, silent_feed: {appointment: 0.05 minutes}}
"""
MINUTE = 60.0
LIVES = {
    "on time": {"sent": 1},
    "due soon": {"sent": 15},
    "missed": {"sent": 30},
    "missed too": {"sent": 35},
    "paused": {"sent": 5, "awaiting_patient": 4},
    "kept": {"sent": 15, "replied": 2},
    "kept too": {"sent": 12, "replied": 1},
    "kept again": {"sent": 10, "replied": 1},
    "late": {"sent": 50, "replied": 1},
    "never": {"sent": 120},
}
"""By item: what happened how many minutes ago. All in department a, but for those `ELSEWHERE`, which are in b."""
ELSEWHERE = frozenset({"missed too", "kept again"})


def live(under_test: Cluster) -> None:
    """All of it, and what cannot be taken, and a heartbeat."""
    now = time.time()
    for number, (item, verb, at) in enumerate(_events(now)):
        name = item.replace(" ", "-")
        department = "b" if item in ELSEWHERE else "a"
        told = event(number, name, verb, at, department=department)
        under_test.publish("message", json.dumps(told).encode(), name)
    under_test.publish("message", b"garbage", "nobody")
    under_test.publish("message", heartbeat(100), "feed")
    under_test.publish("result", json.dumps(result(now)).encode(), "r-1")
    under_test.flush()


def result(now: float) -> dict[str, object]:
    """A result that was promised. Of appointments nothing is heard at all, so that their feed is silent."""
    return {**event(200, "r-1", "sent", now - 2 * MINUTE, department="b"), "type": "portal.result.promised"}


def _events(now: float) -> Iterator[tuple[str, str, float]]:
    for item, life in LIVES.items():
        yield from ((item, verb, now - minutes * MINUTE) for verb, minutes in life.items())
