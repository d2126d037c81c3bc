"""What Alertmanager is sent of an alert: labels and annotations of contract section 11, instants of the wall."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from schemas import alerts, instants
from schemas.alerts import Alert, AlertData
from schemas.policy_file import parse
from streams.clock import Clock
from streams.clock import parse as pace
from streams.core.book import Book
from streams.delivery import words
from streams.delivery.sinks import Alertmanager, Detail, HttpUrl
from streams.delivery.wording import Wording, camel, stamp
from streams.web.refs import Refs
from tests.unit.delivery.test_discretion import MARK, POLICY, SAID

FIRED = instants.parse("2026-11-01T01:00:00.25Z")
NOW = FIRED / 1e6 + 5
REFS = Refs(b"key")
REF = REFS.of("message", MARK, instants.parse("2026-11-01T00:00:00Z"))
BOARD = "https://board.example.org"
CHICAGO = POLICY.replace("timezone: UTC", "timezone: America/Chicago")


def wording(detail: Detail = "minimal", clock: Clock | None = None, text: str = POLICY) -> Wording:
    sink = Alertmanager(urls=(HttpUrl("http://x"),), detail=detail)
    return Wording(Book(parse(text), text.encode()), sink, REFS, BOARD, (clock or Clock()).wall)


def alert(**changed: Any) -> Alert:
    data = AlertData(**{**SAID, "fired_at": instants.text(FIRED), **changed})
    said = instants.text(FIRED)
    return Alert(
        id=data.alert or "", source="/s", type=alerts.FIRED, subject=data.item or "message", time=said, data=data
    )


def silent() -> Alert:
    said = {"alert": "feed:message:20261101T000000Z:silent", "state": "firing", "stage": "feed-silent",
            "severity": "critical", "notify": ["on_call"], "recipients": ["call"], "workflow": "message",
            "feed": "silent"}  # fmt: skip
    kept = dict.fromkeys(SAID) | said
    return alert(**kept)


def sent(of: Wording, said: Alert, ends: float = NOW + 300, now: float = NOW) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(of.of(said, now).ending(ends))
    return found


def test_an_alert_as_it_is_sent() -> None:
    assert sent(wording(), alert()) == {
        "labels": {
            "alertname": "PortalBenchmarkMissed", "workflow": "message", "clock": "reply", "department": "a",
            "pool": "pool-a", "stage": "missed", "severity": "critical", "notify": "on_call", "recipient": "call-a",
            "ref": REF,
        },
        "annotations": {"summary": "A message in a was missed", "link": f"{BOARD}/refs/{REF}", "guide": "https://g"},
        "startsAt": "2026-11-01T01:00:00.250Z",
        "endsAt": "2026-11-01T01:05:05.250Z",
    }  # fmt: skip


def test_a_silent_feed_as_it_is_sent() -> None:
    found = sent(wording(), silent())
    assert found["labels"] == {
        "alertname": "PortalFeedSilent", "workflow": "message", "stage": "feed-silent", "severity": "critical",
        "notify": "on_call", "recipient": "call",
    }  # fmt: skip
    assert found["annotations"] == {
        "summary": "No message events arrive from the portal: what is open may be answered already",
        "link": f"{BOARD}/",
    }


def test_several_names_stand_in_one_label() -> None:
    found = sent(wording(), alert(notify=["pool", "on_call"], recipients=["pool-a", MARK, "call-a"]))
    assert (found["labels"]["notify"], found["labels"]["recipient"]) == ("pool,on_call", "pool-a,call-a")


def test_no_label_is_empty() -> None:
    found = sent(wording(), alert(pool=None, department=None, guide=None))
    assert not {"pool", "department"} & found["labels"].keys()
    assert "guide" not in found["annotations"]


def test_full_names_item_and_due_time_in_the_words_alone() -> None:
    minimal, full = (sent(wording(detail, text=CHICAGO), alert()) for detail in ("minimal", "full"))
    assert full["labels"] == minimal["labels"]
    assert full["annotations"]["summary"] == f"A message in a was missed ({MARK}, due 2026-10-31 20:00)"
    assert MARK not in json.dumps(minimal)


@pytest.mark.parametrize(
    ("stage", "name"),
    [("due-soon", "DueSoon"), ("missed", "Missed"), ("T_1.late", "T1Late"), ("2nd-call", "2ndCall"), ("SLA", "SLA")],
)
def test_camel_case(stage: str, name: str) -> None:
    assert camel(stage) == name


def test_an_alert_is_its_labels() -> None:
    of = wording()
    before = of.of(alert(), NOW).key
    assert of.of(alert(alert="another", attempts=9, fired_at="2026-11-01T02:00:00Z"), NOW).key == before
    assert of.of(alert(opened_at="2026-11-01T00:00:01Z"), NOW).key != before
    assert of.of(alert(recipients=["call"]), NOW).key != before


def test_no_end_lies_before_the_start_and_no_start_ahead() -> None:
    found = sent(wording(), alert(), ends=NOW - 3_600)
    assert found["endsAt"] == found["startsAt"] == "2026-11-01T00:00:05.250Z"
    early = sent(wording(), alert(), now=NOW - 60)
    assert early["startsAt"] == stamp(NOW - 60)


def test_instants_are_of_the_wall_under_a_simulated_clock() -> None:
    """Eight simulated minutes are a second."""
    clock = Clock(pace(f"2026-11-01T00:00:00Z@480@{datetime(2027, 1, 1, tzinfo=UTC).timestamp()}"))
    found = sent(wording(clock=clock), alert(fired_at="2026-11-01T00:08:00Z"), now=1.9e9, ends=1.9e9)
    assert found["startsAt"] == "2027-01-01T00:00:01.000Z"


def test_recipients_and_what_is_of_a_whole_workflow() -> None:
    assert wording().of(alert(recipients=["call-a", MARK]), NOW).recipients == ("call-a", "pool-a")
    assert [wording().of(each, NOW).whole for each in (alert(), silent())] == [False, True]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"stage": "due-soon"}, "A message in a is due soon"),
        ({"stage": "imminent", "workflow": "appointment"}, "An appointment request in a is about to be missed"),
        ({"stage": "escalated", "department": MARK}, "A message in another department was missed and is still open"),
        ({"stage": "third", "department": "unassigned"}, "A message without a department has reached the stage third"),
        ({"stage": "attempts", "workflow": "result"}, "A result in a is being waited for: the patient keeps looking"),
        ({"workflow": "questionnaire"}, "A questionnaire in a was missed"),
    ],
)
def test_words(changed: dict[str, Any], said: str) -> None:
    assert sent(wording(), alert(**changed))["annotations"]["summary"] == said


def test_words_of_an_item_without_a_due_time() -> None:
    data = AlertData(**{**SAID, "due_at": None})
    assert words.summary(data, ZoneInfo("UTC")) == f"A message in a was missed ({MARK})"


def test_the_label_names_are_those_that_deploy_routes_by() -> None:
    """And no other: the comment in its configuration lists them."""
    config = (Path(__file__).parents[3] / "deploy/alertmanager/alertmanager.yml").read_text()
    listed = config[config.index("labels ") : config.index("# annotations summary")].replace("#", "").replace("\n", " ")
    names = listed.removeprefix("labels ").strip().rstrip(";").replace(",", " ").split()
    assert names == list(sent(wording(), alert())["labels"])
