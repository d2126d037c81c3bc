"""A real Alertmanager with the configuration in `deploy/`: who is told what, in how many messages, and who is spared.

The routes, the inhibition, the receivers and their templates are those that are shipped. What they wait for is cut to
parts of a second, and what they would call is a webhook on loopback: the path of a call is the receiver's name.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests import alertmanager, prometheus
from tests.alertmanager import Alertmanager, Receiver
from tests.deploy.test_rules import ALERTS, RECORDED

DEPLOY = Path(__file__).parents[2] / "deploy"
WAIT, INTERVAL = 1.0, 1.0
"""Seconds until a group is first told, and between two messages of it."""
LOWER = {"due-soon": "warning", "imminent": "critical", "missed": "critical", "escalated": "critical"}
NOTIFY = {"due-soon": "pool", "imminent": "on_call", "missed": "on_call", "escalated": "champion"}


def shortened(url: str, wait: float = WAIT) -> str:
    """The shipped configuration, quick, and with every receiver a webhook below this URL. `wait`: seconds."""
    config = YAML(typ="safe").load(DEPLOY / "alertmanager/alertmanager.yml")
    config["templates"] = [str(DEPLOY / "alertmanager" / name) for name in config["templates"]]
    del config["global"]["slack_api_url_file"], config["global"]["smtp_auth_password_file"]
    hasten(config["route"], wait)
    for receiver in config["receivers"]:
        here = f"{url}/{receiver['name']}"
        for slack in receiver.get("slack_configs", []):
            slack["api_url"] = here
        for pager in receiver.get("pagerduty_configs", []):
            del pager["routing_key_file"]
            pager |= {"url": here, "routing_key": "surrogate"}
        for hook in receiver.get("webhook_configs", []):
            del hook["http_config"]
            hook["url"] = here
        if mails := receiver.pop("email_configs", []):
            receiver["webhook_configs"] = [{"url": here, "send_resolved": mails[0]["send_resolved"]}]
    return json.dumps(config)


def hasten(route: dict[str, Any], wait: float) -> None:
    shorter = {"group_wait": f"{wait * 1000:.0f}ms", "group_interval": f"{INTERVAL:.0f}s", "repeat_interval": "1h"}
    if route.get("receiver") == "heartbeat":
        shorter["repeat_interval"] = "1ms"
    route |= {key: value for key, value in shorter.items() if key in route}
    for child in route.get("routes", []):
        hasten(child, wait)


@pytest.fixture
def under_test() -> Iterator[tuple[Alertmanager, Receiver]]:
    with ExitStack() as stack:
        receiver = stack.enter_context(alertmanager.receiver())
        yield stack.enter_context(alertmanager.running(shortened(receiver.url))), receiver


def stage(name: str, ref: str, **labels: str) -> dict[str, Any]:
    """An alert as the sink sends it, of a ladder's stage; `labels` override."""
    camel = "".join(part.capitalize() for part in name.split("-"))
    notify = labels.get("notify") or NOTIFY.get(name, "pool")
    given = {
        "alertname": f"PortalBenchmark{camel}", "workflow": "message", "clock": "reply", "department": "cardiology",
        "pool": "nurses", "stage": name, "severity": LOWER.get(name, "warning"), "notify": notify,
        "recipient": f"cardiology-{notify}", "ref": ref, **labels,
    }  # fmt: skip
    return {"labels": given, "annotations": {"summary": f"{ref} {name}", "link": f"http://board/r/{ref}"}}


def ended(alert: dict[str, Any]) -> dict[str, Any]:
    return {**alert, "endsAt": (datetime.now(UTC) - timedelta(seconds=1)).isoformat()}


def said(receiver: Receiver, *, firing: bool = True) -> list[tuple[str, list[str]]]:
    """(receiver, the lines of its alerts) for each call but heartbeats, sorted: what is firing, or what is over."""
    found = []
    for path, body, _ in [call for call in receiver.calls if call.path != "/heartbeat"]:
        lines = words(body).split("Over:")
        part = lines[0] if firing else "".join(lines[1:])
        if shown := sorted(line[2:] for line in part.splitlines() if line.startswith("- ")):
            found.append((path.strip("/"), shown))
    return sorted(found)


def words(body: dict[str, Any]) -> str:
    """The text of a message to Slack, PagerDuty or a webhook."""
    if "attachments" in body:
        return str(body["attachments"][0]["text"])
    if "payload" in body:
        return str(body["payload"]["custom_details"]["text"]) if body["event_action"] == "trigger" else ""
    of = {"firing": "", "resolved": "Over:\n"}
    return "".join(f"{of[alert['status']]}- {alert['annotations']['summary']}\n" for alert in body["alerts"])


def told(under_test: tuple[Alertmanager, Receiver], expected: list[tuple[str, list[str]]], **kind: bool) -> None:
    """These calls come, and no other: there is time for a second message of each group, which it should not send."""
    manager, receiver = under_test
    with suppress(AssertionError):  # told below, with what was said
        manager.wait_for(lambda: len(said(receiver, **kind)) >= len(expected), 15)
    time.sleep(WAIT + 1.5 * INTERVAL)
    assert said(receiver, **kind) == sorted(expected)


def test_one_message_for_each_recipient_and_department(under_test: tuple[Alertmanager, Receiver]) -> None:
    manager, receiver = under_test
    a, b = (stage("due-soon", f"ref-{n}") for n in "ab")
    manager.send(
        a, b,
        stage("due-soon", "ref-c", recipient="front-desk"),
        stage("due-soon", "ref-d", department="oncology"),
        stage("missed", "ref-e"),
        stage("escalated", "ref-f"),
        stage("due-soon", "ref-g", notify="owner", recipient="r-1"),
        stage("missed", "ref-h", notify="pool,on_call", recipient="nurses,oncall"),
    )  # fmt: skip
    calls = [
        ("champion", ["ref-f escalated"]),
        ("on_call", ["ref-e missed"]),
        ("on_call", ["ref-h missed"]),
        ("owner", ["ref-g due-soon"]),
        ("pool", ["ref-a due-soon", "ref-b due-soon"]),
        ("pool", ["ref-c due-soon"]),
        ("pool", ["ref-d due-soon"]),
        ("pool", ["ref-h missed"]),
    ]
    told(under_test, calls)
    manager.send(a, b)  # the sink says it again and again
    told(under_test, calls)
    titles = {body["attachments"][0]["title"] for path, body, _ in receiver.calls if path == "/pool"}
    assert "2 open: cardiology, cardiology-pool" in titles
    pages = [body for path, body, _ in receiver.calls if path == "/on_call"]
    assert {page["payload"]["summary"] for page in pages} == {
        "1 open: cardiology, cardiology-on_call", "1 open: cardiology, nurses,oncall",
    }  # fmt: skip
    assert {page["payload"]["severity"] for page in pages} == {"critical"}
    manager.send(ended(a), ended(stage("missed", "ref-e")))
    told(under_test, [("pool", ["ref-a due-soon"])], firing=False)
    assert [body["event_action"] for path, body, _ in receiver.calls if path == "/on_call"].count("resolve") == 1


def test_a_higher_stage_silences_the_lower_ones_of_its_cycle(under_test: tuple[Alertmanager, Receiver]) -> None:
    manager, receiver = under_test
    manager.send(
        *(stage(name, "ref-a") for name in LOWER),
        stage("due-soon", "ref-b"), stage("imminent", "ref-b"),
        stage("due-soon", "ref-c", clock="second"), stage("missed", "ref-c"),  # two ladders
        stage("attempts", "ref-d"), stage("missed", "ref-d"),
        stage("missed", "ref-e"), stage("escalated", "ref-e", severity="warning"),  # as without a severity
        stage("missed", "ref-f"), stage("afterwards", "ref-f"),  # of a name that no rule knows
    )  # fmt: skip
    calls = [
        ("champion", ["ref-a escalated", "ref-e escalated"]),
        ("on_call", ["ref-b imminent", "ref-c missed", "ref-d missed", "ref-f missed"]),
        ("pool", ["ref-c due-soon", "ref-d attempts", "ref-f afterwards"]),
    ]
    told(under_test, calls)
    muted = {a["labels"]["ref"] + " " + a["labels"]["stage"] for a in manager.alerts() if a["status"]["inhibitedBy"]}
    assert muted == {"ref-a due-soon", "ref-a imminent", "ref-a missed", "ref-b due-soon", "ref-e missed"}
    # A warning that was told falls silent when the higher stage comes: no message says that it is over.
    manager.send(stage("missed", "ref-c", clock="second"))
    five = ["ref-b imminent", "ref-c missed", "ref-c missed", "ref-d missed", "ref-f missed"]
    told(under_test, [*calls, ("on_call", five)])
    assert said(receiver, firing=False) == []


def test_a_silent_feed_silences_its_workflow_and_no_other(under_test: tuple[Alertmanager, Receiver]) -> None:
    manager, receiver = under_test
    silent = {
        "labels": {"alertname": "PortalFeedSilent", "workflow": "message", "stage": "feed-silent",
                   "severity": "critical", "notify": "on_call", "recipient": "portal-oncall"},
        "annotations": {"summary": "message is silent"},
    }  # fmt: skip
    missed = stage("missed", "ref-a", recipient="a")
    manager.send(silent, missed, stage("missed", "ref-b", workflow="result", recipient="b"))
    told(under_test, [("on_call", ["message is silent"]), ("on_call", ["ref-b missed"])])
    receiver.calls.clear()
    manager.send(ended(silent), missed)
    told(under_test, [("on_call", ["ref-a missed"])])


def test_prometheus_rules_reach_the_operators_and_the_heartbeat_beats(
    under_test: tuple[Alertmanager, Receiver],
) -> None:
    manager, receiver = under_test
    rules = sorted((DEPLOY / "prometheus/rules").glob("*.yml"))
    config = prometheus.config(["127.0.0.1:1"], rules, [manager.address])
    with prometheus.running(config) as server:
        down = "PortalwatchWorkersAbsent"
        server.wait_for(lambda: {a["labels"]["alertname"] for a in server.alerts()} >= {"PortalwatchWorkerDown", down})
        server.wait_for(lambda: [path for path, _, _ in receiver.calls].count("/heartbeat") >= 2)
        groups = server.get("/api/v1/rules")["data"]["groups"]
    found = [rule for group in groups for rule in group["rules"]]
    assert len(found) == len(RECORDED) + len(ALERTS)
    assert [rule for rule in found if rule["health"] == "err"] == []
    assert {path for path, _, _ in receiver.calls} == {"/heartbeat"}
    manager.send({"labels": {"alertname": down, "service": "portalwatch", "severity": "critical"},
                  "annotations": {"summary": "No worker", "runbook_url": "http://r#x"}},
                 {"labels": {"alertname": "PortalwatchWorkerDown", "service": "portalwatch", "severity": "warning"}},
                 {"labels": {"alertname": "PortalwatchMissed", "service": "portalwatch", "severity": "warning"},
                  "annotations": {"summary": "1 past due"}})  # fmt: skip
    told(under_test, [("operators", ["1 past due"]), ("operators-page", ["No worker"])])
