"""Alertmanager's configuration in `deploy/`: valid, and every alert goes to whom it is for (`amtool` says so)."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests import debian
from tests.deploy.test_rules import ALERTS

FOLDER = Path(__file__).parents[2] / "deploy/alertmanager"
CONFIG = FOLDER / "alertmanager.yml"
PERSON = {"alertname": "PortalBenchmarkMissed", "workflow": "message", "clock": "reply", "department": "cardiology",
          "pool": "nurses", "stage": "missed", "severity": "critical", "ref": "k3v9x2m7q1ab"}  # fmt: skip
ROUTES = {
    "the pool": ({**PERSON, "notify": "pool", "recipient": "nurses"}, "pool"),
    "on call": ({**PERSON, "notify": "on_call", "recipient": "cardiology-oncall"}, "on_call"),
    "the champion": ({**PERSON, "notify": "champion", "recipient": "dr-lee"}, "champion"),
    "the owner": ({**PERSON, "notify": "owner", "recipient": "r-1"}, "owner"),
    "a stage in the name of two": ({**PERSON, "notify": "pool,on_call", "recipient": "a,b"}, "on_call,pool"),
    "in the name of all": ({**PERSON, "notify": "owner,pool,on_call,champion", "recipient": "a,b,c,d"},
                           "on_call,champion,owner,pool"),
    "a silent feed": ({"alertname": "PortalFeedSilent", "workflow": "message", "stage": "feed-silent",
                       "severity": "critical", "notify": "on_call", "recipient": "portal-oncall"}, "on_call"),
    "somebody who is none of the four": ({**PERSON, "notify": "poolside", "recipient": "x"}, "operators"),
    "an alert of something else": ({"alertname": "NodeDown", "severity": "critical"}, "operators"),
}  # fmt: skip


def amtool(*arguments: str | Path) -> str:
    """What it says; AssertionError with it if it ends with another status than 0."""
    command = [debian.need("amtool"), "--no-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def receivers(labels: dict[str, str]) -> str:
    pairs = [f"{name}={value}" for name, value in labels.items()]
    return amtool("config", "routes", "test", f"--config.file={CONFIG}", *pairs).strip()


def test_the_configuration_is_valid() -> None:
    said = amtool("check-config", CONFIG)
    assert "SUCCESS" in said
    assert "1 templates" in said


def test_no_secret_stands_in_it() -> None:
    text = CONFIG.read_text()
    keys = re.findall(r"(\w*(?:api_url|password|_key|token|credentials)\w*):", text)
    assert keys
    assert all(key.endswith("_file") for key in keys), keys


@pytest.mark.parametrize(("labels", "expected"), ROUTES.values(), ids=ROUTES.keys())
def test_who_is_told(labels: dict[str, str], expected: str) -> None:
    assert receivers(labels) == expected


def test_the_operators_are_told_of_portalwatch_itself() -> None:
    expected = {"critical": "operators-page", "warning": "operators", "none": "heartbeat"}
    for name, rule in ALERTS.items():
        assert receivers({"alertname": name, **rule["labels"]}) == expected[rule["labels"]["severity"]], name


def test_the_words_of_a_message(tmp_path: Path) -> None:
    data = {
        "receiver": "owner", "status": "firing", "externalURL": "http://alertmanager",
        "groupLabels": {"department": "cardiology", "recipient": "nurses,r-1"},
        "alerts": [
            {"status": "firing", "annotations": {"summary": "A message is due soon", "link": "http://board/r/k3v9x2m7q1ab",
                                                 "guide": "http://guides/in-basket"}},
            {"status": "firing", "annotations": {"summary": "Feed silent", "description": "Since 9.",
                                                 "runbook_url": "http://runbook#feed"}},
            {"status": "resolved", "annotations": {"summary": "A message was missed", "link": "http://board/r/1"}},
        ],
    }  # fmt: skip
    path = tmp_path / "data.json"
    path.write_text(json.dumps(data))

    def words(template: str) -> str:
        text = f'--template.text={{{{ template "{template}" . }}}}'
        glob = f"--template.glob={FOLDER}/*.tmpl"
        return amtool("template", "render", glob, text, f"--template.data={path}").removesuffix("\n")

    assert words("portalwatch.title") == "2 open: cardiology, nurses,r-1"
    assert words("portalwatch.addresses") == "nurses@example.org, r-1@example.org"
    assert words("portalwatch.text").splitlines() == [
        "- A message is due soon", "  http://board/r/k3v9x2m7q1ab", "  How: http://guides/in-basket",
        "- Feed silent", "  Since 9.", "  How: http://runbook#feed",
        "Over:", "- A message was missed",
    ]  # fmt: skip
    data["status"] = "resolved"
    path.write_text(json.dumps(data))
    assert words("portalwatch.title") == "Over: cardiology, nurses,r-1"
