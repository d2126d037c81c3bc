"""Workers that tell a real Alertmanager, which has the configuration in `deploy/`: fired, kept up, resolved.

All times of the sink are scaled down together: with a scale of 40 Alertmanager goes on by itself for 7.5 seconds, and a
worker sends again every 1.5. Two of the tests are of what Alertmanager makes of it, and run on one broker.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import alertmanager
from tests.alertmanager import Alertmanager, Receiver
from tests.brokers import Broker
from tests.e2e.cluster import Cluster, cluster
from tests.e2e.test_alertmanager import WAIT, said, shortened
from tests.e2e.test_worker import event

SCALE = 40
MINUTE = 60 / SCALE
QUICK = 20
TOGETHER = 5.0
"""Seconds in which 1,000 alerts come together on a busy machine; ten in what is shipped."""
POLICY = """
version: told
calendars: {always: {timezone: UTC, hours: {daily: 00:00-24:00}}}
departments:
  a: {pool: pool-a, on_call: call-a}
  b: {pool: pool-b, on_call: call-b}
  c: {pool: pool-c, on_call: call-c, guide: "https://intranet/guides/c"}
defaults: {calendar: always, pool: desk, on_call: call, champion: committee}
clocks:
  - name: reply
    workflow: message
    rules: [{within: 0.05 minutes}]
    stages:
      - {name: due-soon, at: 50%, notify: pool}
      - {name: missed, at: due, severity: critical, notify: on_call}
  - name: release
    workflow: result
    rules: [{within: 0.05 minutes}]
    stages: [{name: missed, at: due, severity: critical, notify: on_call}]
settings: {lead: 0 minutes, silent_feed: {message: 0.1 minutes}}
"""
LOWER, FEEDS = "      - {name: due-soon, at: 50%, notify: pool}\n", ", silent_feed: {message: 0.1 minutes}"
ONE_STAGE = POLICY.replace(LOWER, "").replace(FEEDS, "")
ITEMS = 1_000


def sinks(folder: Path, scale: int, url: str) -> str:
    path = folder / "sinks.toml"
    times = f"resend = {60 / scale}\nends_after = {300 / scale}\nresolved_for = {900 / scale}\n"
    path.write_text(f'[alertmanager.clinic]\nurls = ["{url}"]\n{times}')
    return str(path)


@contextmanager
def told(
    broker: Broker, folder: Path, prefix: str, policy: str, scale: int = SCALE, *, wait: float = WAIT, **more: str
) -> Iterator[tuple[Cluster, Alertmanager, Receiver]]:
    """A cluster that tells an Alertmanager that tells a receiver."""
    with ExitStack() as stack:
        receiver = stack.enter_context(alertmanager.receiver())
        manager = stack.enter_context(alertmanager.running(shortened(receiver.url, wait)))
        file = sinks(folder, scale, manager.url)
        yield stack.enter_context(cluster(broker, prefix, folder, policy, sinks=file, **more)), manager, receiver


def publish(under_test: Cluster, workflow: str, item: str, verb: str, at: float, **data: str) -> None:
    made = event(hash((item, verb)) & 0xFFFFFF, item, verb, at, **data)
    made["type"] = f"portal.{workflow}.{verb}"
    under_test.publish(workflow, json.dumps(made).encode(), item)


def active(manager: Alertmanager, **labels: str) -> list[dict[str, Any]]:
    return [each for each in manager.alerts() if labels.items() <= each["labels"].items()]


@contextmanager
def pair(broker: Broker, folder: Path, prefix: str) -> Iterator[tuple[Cluster, Alertmanager, Receiver]]:
    """As `told`, with two workers: the first has the only partition."""
    with told(broker, folder, prefix, ONE_STAGE, SCALE, partitions="1", session_timeout="2 seconds") as (
        under_test,
        manager,
        receiver,
    ):
        under_test.worker().wait_ready()
        under_test.worker().wait_ready()
        yield under_test, manager, receiver


def calls(receiver: Receiver, action: str) -> int:
    """Of the pager."""
    return sum(body.get("event_action") == action for _, body, _ in receiver.calls)


def stays(what: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert what()
        time.sleep(0.1)


def looks_right(soon: dict[str, Any], port: int) -> None:
    """All labels and annotations of a first alert; `port`: of the worker's board."""
    assert soon["labels"] | {"ref": ""} == {
        "alertname": "PortalBenchmarkDueSoon", "workflow": "message", "clock": "reply", "department": "c",
        "pool": "pool-c", "stage": "due-soon", "severity": "warning", "notify": "pool", "recipient": "pool-c",
        "ref": "",
    }  # fmt: skip
    assert len(soon["labels"]["ref"]) == 12
    assert soon["annotations"] == {
        "summary": "A message in c is due soon",
        "link": f"http://127.0.0.1:{port}/refs/{soon['labels']['ref']}",
        "guide": "https://intranet/guides/c",
    }


@pytest.mark.brokers("kafka")
@pytest.mark.timeout(180)
def test_who_is_called_and_who_is_spared(broker: Broker, tmp_path: Path, prefix: str) -> None:
    """1,000 results missed at one moment are one message for each recipient; inhibition; an answer resolves."""
    with told(broker, tmp_path, prefix, POLICY, QUICK, wait=TOGETHER) as (under_test, manager, receiver):
        worker = under_test.worker()
        worker.wait_ready()
        opened = time.time()
        publish(under_test, "message", "m-1", "sent", opened, department="c")
        for n in range(ITEMS):
            publish(under_test, "result", f"r-{n}", "promised", opened, department="ab"[n % 2])
        under_test.flush()

        (soon,) = manager.wait_for(lambda: active(manager, stage="due-soon"))
        looks_right(soon, worker.port)
        (missed,) = manager.wait_for(lambda: active(manager, stage="missed", workflow="message"))
        assert missed["labels"]["ref"] == soon["labels"]["ref"]
        by = [missed["fingerprint"]]
        manager.wait_for(lambda: active(manager, stage="due-soon")[0]["status"]["inhibitedBy"] == by)

        manager.wait_for(lambda: len(active(manager, workflow="result")) == ITEMS)
        (silent,) = manager.wait_for(lambda: active(manager, alertname="PortalFeedSilent"))
        assert silent["labels"] == {
            "alertname": "PortalFeedSilent", "workflow": "message", "stage": "feed-silent", "severity": "critical",
            "notify": "on_call", "recipient": "call",
        }  # fmt: skip
        manager.wait_for(
            lambda: (
                {bool(each["status"]["inhibitedBy"]) for each in active(manager, workflow="message", clock="reply")}
                == {True}
            )
        )
        publish(under_test, "message", "m-1", "replied", time.time())
        under_test.flush()
        manager.wait_for(lambda: active(manager, workflow="message") == [])

        stays(lambda: len(active(manager, workflow="result")) == ITEMS, opened + 3 + 300 / QUICK + 1 - time.time())
        lines = [(path, len(shown)) for path, shown in said(receiver) if len(shown) > 1]
        assert lines == [("on_call", ITEMS // 2)] * 2
        assert not any(item in json.dumps([*receiver.calls, manager.alerts()]) for item in ("m-1", "r-1", "r-999"))


@pytest.mark.timeout(180)
def test_one_alert_for_twelve_minutes(broker: Broker, tmp_path: Path, prefix: str) -> None:
    """Case 23: the worker is killed for two minutes in the middle, Alertmanager restarted once.

    Nobody is told that it is over, nor told twice; after the reply it is over within a minute.
    """
    with pair(broker, tmp_path, prefix) as (under_test, manager, receiver):
        worker = under_test.workers[0]
        publish(under_test, "message", "m-1", "sent", time.time() - 2, department="a")
        under_test.flush()
        manager.wait_for(lambda: calls(receiver, "trigger") == 1)
        began = time.monotonic()
        time.sleep(2 * MINUTE)
        worker.signal(signal.SIGKILL)
        time.sleep(2 * MINUTE)
        worker.start()
        time.sleep(MINUTE)
        manager.finish()
        manager.restart()
        stays(lambda: calls(receiver, "resolve") == 0, 12 * MINUTE - (time.monotonic() - began))
        assert calls(receiver, "trigger") == 1
        assert len(active(manager, stage="missed")) == 1
        publish(under_test, "message", "m-1", "replied", time.time())
        under_test.flush()
        manager.wait_for(lambda: active(manager, stage="missed") == [], MINUTE)
        manager.wait_for(lambda: calls(receiver, "resolve") == 1)
        stays(lambda: calls(receiver, "trigger") == calls(receiver, "resolve") == 1, MINUTE)


@pytest.mark.brokers("kafka")
@pytest.mark.timeout(180)
def test_who_takes_over_tells_what_the_one_before_could_not(broker: Broker, tmp_path: Path, prefix: str) -> None:
    """A worker that was stopped wakes, and does not say that what its heir has resolved still fires.

    An end that nobody was told of, since Alertmanager was away and then the worker died, is told by the next.
    """
    with pair(broker, tmp_path, prefix) as (under_test, manager, receiver):
        first, second = under_test.workers
        for item in ("m-1", "m-2"):
            publish(under_test, "message", item, "sent", time.time() - 2, department="a")
        under_test.flush()
        manager.wait_for(lambda: len(active(manager, stage="missed")) == 2)
        assert first.process is not None
        first.process.send_signal(signal.SIGSTOP)
        publish(under_test, "message", "m-1", "replied", time.time())
        under_test.flush()
        manager.wait_for(lambda: len(active(manager, stage="missed")) == 1, 15)
        first.process.send_signal(signal.SIGCONT)
        stays(lambda: len(active(manager, stage="missed")) == 1, 2 * MINUTE)
        first.signal(signal.SIGKILL)
        second.wait_ready()
        triggers = calls(receiver, "trigger")

        manager.finish()
        publish(under_test, "message", "m-2", "replied", time.time())
        under_test.flush()
        manager.wait_for(lambda: sum(alert["data"]["state"] == "resolved" for alert in under_test.alerts()) == 2)
        second.signal(signal.SIGKILL)
        manager.restart()
        assert calls(receiver, "resolve") == 0
        second.start()
        manager.wait_for(lambda: calls(receiver, "resolve") == 1)
        assert calls(receiver, "trigger") == triggers
        assert active(manager, stage="missed") == []
