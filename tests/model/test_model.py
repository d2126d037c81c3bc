"""The model against all expected outputs: the reported faults, the random policies and logs, and its own steps.

The expected alerts must match in every field and in order; the dead letters in reason and event, in any order.
PORTALWATCH_TEST_DATA names another folder: with `cases/`, `random/` and `helpdesk/`, or with `cases/` and `data/`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from . import Model, backtest
from .events import read_event
from .generate import FLAVOURS, generate
from .instants import DAY, parse_instant

ROOT = Path(os.environ.get("PORTALWATCH_TEST_DATA", Path(__file__).parent.parent / "data"))
RANDOM = next((folder for folder in (ROOT / "random", ROOT / "data" / "random") if folder.is_dir()), ROOT / "random")
HELPDESK = next((folder for folder in (ROOT / "helpdesk", ROOT / "data") if folder.is_dir()), ROOT / "helpdesk")
CASES = sorted(path.name for path in ROOT.glob("cases/*") if path.is_dir())
LOGS = sorted(path.stem for path in RANDOM.glob("*.yaml"))


def lines(path: Path) -> list[str]:
    """A file's lines that are not empty."""
    return [line for line in path.read_text().splitlines() if line.strip()]


def ids(deadletters: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Reason and event id of each dead letter, sorted."""
    return sorted((letter["reason"], json.loads(letter["event"])["id"]) for letter in deadletters)


def test_there_is_data() -> None:
    """Without data the tests below would pass by being empty."""
    assert CASES, f"no cases in {ROOT}"
    assert LOGS, f"no random logs in {ROOT}"


@pytest.mark.parametrize("name", CASES)
def test_reported_fault(name: str) -> None:
    """Each reported fault gives the alerts that were expected of it."""
    folder = ROOT / "cases" / name
    until = (folder / "until").read_text().strip()
    alerts, _ = backtest((folder / "policy.yaml").read_text(), lines(folder / "events.ndjson"), until)
    assert alerts == [json.loads(line) for line in lines(folder / "expected.ndjson")]


@pytest.mark.parametrize("name", LOGS)
def test_random_log(name: str) -> None:
    """Each random policy and log gives the alerts and the dead letters that were expected of it."""
    events = lines(RANDOM / f"{name}.events.ndjson")
    alerts, deadletters = backtest((RANDOM / f"{name}.yaml").read_text(), events)
    assert alerts == [json.loads(line) for line in lines(RANDOM / f"{name}.expected.ndjson")]
    expected = [json.loads(line) for line in lines(RANDOM / f"{name}.deadletters.ndjson")]
    assert ids(deadletters) == sorted((letter["reason"], letter["id"]) for letter in expected)


def test_public_log() -> None:
    """The first 400 events of the public help-desk log give the alerts that were expected of them."""
    script = HELPDESK / "helpdesk_to_events.py"
    command = [sys.executable, str(script), str(HELPDESK / "helpdesk.csv")]
    events = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[:400]
    alerts, deadletters = backtest((HELPDESK / "helpdesk-policy.yaml").read_text(), events)
    assert alerts == [json.loads(line) for line in lines(HELPDESK / "expected-400.ndjson")]
    assert deadletters == []


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("seed", range(4))
def test_generated_log_says_each_id_once(flavour: str, seed: int) -> None:
    """Of any log: no id twice, every resolution has fired before, and each step by itself gives the same alerts."""
    policy, events = generate(seed, flavour)
    alerts, _ = backtest(policy, events)
    said = [alert["id"] for alert in alerts]
    assert len(said) == len(set(said))
    assert all(alert["data"]["alert"] in said for alert in alerts if alert["type"] == "portal.alert.resolved")
    assert sorted(said) == sorted(alert["id"] for alert in stepwise(policy, events))


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("seed", range(4))
def test_order_of_arrival_does_not_change_cycles(flavour: str, seed: int) -> None:
    """R3: what is kept in both runs has the cycles and outcomes of the same events in order of time."""
    policy, events = generate(seed, flavour)
    good = [event for event in events if "record" in read_event(event)]
    arrived, in_order = Model(policy), Model(policy)
    arrived.apply(good)
    sorted_by_time = sorted(good, key=lambda event: parse_instant(event["time"]))
    in_order.apply(sorted_by_time)
    compared = 0
    for key, item in arrived.items.items():
        other = in_order.items.get(key)
        if other is not None and ids_of(other) == ids_of(item) and other["base"] == item["base"]:
            assert arrived.cycles(*key) == in_order.cycles(*key), key
            compared += 1
    assert compared


def ids_of(item: dict[str, Any]) -> set[tuple[str, str]]:
    """The events that an item keeps."""
    return {(record["source"], record["id"]) for record in item["events"]}


def stepwise(policy: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The alerts of a model to which each step is given by itself."""
    model = Model(policy)
    steps: list[list[dict[str, Any]]] = [[]]
    latest = -1
    for event in events:
        time = read_event(event).get("record", {"time": -1})["time"]
        if time > latest:
            steps.append([])
        latest = max(latest, time)
        steps[-1].append(event)
    for step in steps:
        model.apply(step)
    model.advance(model.now + 30 * DAY)
    return model.alerts


def test_a_new_policy_resolves_and_arms_anew() -> None:
    """R13: other recipients end what fires with the reason `policy`; it fires again, armed by the policy's record."""
    policy = (
        "version: v1\n"
        "calendars: {all: {timezone: UTC, hours: {daily: 00:00-24:00}}}\n"
        "defaults: {calendar: all, pool: desk, on_call: first, champion: boss}\n"
        "clocks: [{name: reply, workflow: message, rules: [{within: 4 hours}], "
        "stages: [{name: missed, at: due, notify: on_call}]}]\n"
    )
    event = {"specversion": "1.0", "id": "e1", "source": "/t", "type": "portal.message.sent", "subject": "m1"}
    model = Model(policy)
    model.apply([event | {"time": "2026-11-10T08:00:00Z", "data": {}}])
    start = model.now
    model.advance(start + DAY)
    model.set_policy(policy.replace("first", "second").replace("v1", "v2"), start + DAY)
    told = [(alert["id"], alert["data"].get("reason"), alert["data"]["recipients"]) for alert in model.alerts]
    head = "message:m1:reply:20261110T080000Z:missed"
    assert told == [
        (head, None, ["first"]),
        (f"{head}:resolved", "policy", ["first"]),
        (f"{head}:20261111T080000Z", None, ["second"]),
    ]
    assert model.cycles("message", "m1") == [{"start": start, "end": None, "outcomes": {"reply": "pending"}}]
