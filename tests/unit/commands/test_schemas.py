"""`portalwatch schemas`: the published documents agree with what is decoded, encoded and read."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from schemas import policy_calendars, policy_clocks, policy_file, policy_settings, topics
from schemas.events import COMMANDS, HEARTBEAT, TYPES, Refusal, from_json
from schemas.policy_tree import List, Map, Text, read
from streams.commands.schemas import DOCUMENTS, command
from streams.published.alerts import alert_schema
from streams.published.asyncapi import asyncapi
from streams.published.events import event_schema
from streams.published.policy_file import policy_schema
from tests.unit.commands.json_schema import references, resolve, valid
from tests.unit.schemas.policies import POLICY, spoiled

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests/data"
POLICIES = [*DATA.rglob("*.yaml"), ROOT / "deploy/policies/clinic.yaml"]
EVENT = {
    "specversion": "1.0", "id": "e-1", "source": "/portal", "type": "portal.message.sent", "subject": "m-1",
    "time": "2026-11-02T08:00:00-06:00",
}  # fmt: skip
BY = {"workflow": "message", "by": "dr-lee"}


def lines(pattern: str) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(DATA.rglob(pattern)) for line in path.read_text().splitlines()]


def texts(node: Text | Map | List) -> Any:
    """A policy file's tree as JSON, every scalar a text and an empty one null: as the readers see it."""
    if isinstance(node, Map):
        return {key: texts(inner) for key, (_, inner) in node.entries.items()}
    if isinstance(node, List):
        return [texts(inner) for inner in node.items]
    return None if node.empty else node.value


def plain(value: Any) -> Any:
    """What a YAML tool makes of a file, with its dates as texts again."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return (
        f"{value:%Y-%m-%dT%H:%M:%SZ}"
        if isinstance(value, datetime)
        else str(value)
        if isinstance(value, date)
        else value
    )


def test_recorded_events_are_valid_if_they_are_taken() -> None:
    schema, found = event_schema(), lines("*events.ndjson")
    assert len(found) > 1000
    for event in found:
        taken = not isinstance(from_json(json.dumps(event)), Refusal)
        assert valid(schema, event) == taken, event


@pytest.mark.parametrize(
    "change",
    [
        {}, {"data": {}}, {"data": None}, {"data": {"department": "a", "priority": None, "note": 3}}, {"extra": [1]},
        {"time": "2026-11-02T08:00:00.123456Z"}, {"time": "2026-11-02 08:00:00Z"}, {"subject": "a" * 128},
        {"data": {"anchor": "2026-11-02T08:00:00Z"}}, {"type": HEARTBEAT, "subject": None}, {"type": HEARTBEAT},
        {"type": "portal.command.acknowledged", "data": BY},
        {"type": "portal.command.snoozed", "data": BY | {"until": "2026-11-02T08:00:00Z"}},
        # refused
        {"specversion": "0.3"}, {"id": ""}, {"id": None}, {"source": 3}, {"type": "portal.message.shouted"},
        {"time": "2026-11-02T08:00:00"}, {"time": "2026-11-02"}, {"subject": None}, {"subject": "a b"},
        {"subject": "a" * 129}, {"data": []}, {"data": {"department": 3}}, {"data": {"pool": ""}},
        {"data": {"anchor": "2026-11-02"}}, {"data_base64": "AA=="}, {"type": "portal.command.acknowledged"},
        {"type": "portal.command.acknowledged", "data": {"by": "dr-lee"}},
        {"type": "portal.command.acknowledged", "data": {"workflow": "letter", "by": "dr-lee"}},
        {"type": "portal.command.snoozed", "data": BY},
        {"type": "portal.command.snoozed", "data": BY | {"until": "noon"}},
    ],
)  # fmt: skip
def test_an_event_is_valid_if_it_is_taken(change: dict[str, Any]) -> None:
    event = EVENT | change
    assert valid(event_schema(), event) == (not isinstance(from_json(json.dumps(event)), Refusal))


def test_the_event_types_are_those_that_are_decoded() -> None:
    assert set(event_schema()["properties"]["type"]["enum"]) == {*TYPES, *COMMANDS, HEARTBEAT}


def test_recorded_alerts_are_valid() -> None:
    schema, found = (
        alert_schema(),
        [*lines("expected.ndjson"), *lines("*.expected.ndjson"), *lines("expected-400.ndjson")],
    )
    assert len(found) > 1000
    assert [alert["id"] for alert in found if not valid(schema, alert)] == []


@pytest.mark.parametrize(
    ("where", "change"),
    [
        ("", {"type": "portal.alert.whispered"}), ("", {"time": "2026-11-02T08:00:00-06:00"}), ("", {"dataschema": ""}),
        ("data", {"state": "loud"}), ("data", {"severity": None}), ("data", {"notify": ["everyone"]}),
        ("data", {"due_at": "2026-11-02"}), ("data", {"short_notice": False}), ("data", {"attempts": -1}),
        ("data", {"workflow": "letter"}), ("data", {"recipients": ["a", "a"]}),
    ],
)  # fmt: skip
def test_what_is_never_sent_is_no_alert(where: str, change: dict[str, Any]) -> None:
    alert = lines("expected.ndjson")[0]
    assert valid(alert_schema(), alert)
    spoilt = alert | change if not where else alert | {where: alert[where] | change}
    assert not valid(alert_schema(), spoilt)
    assert valid(alert_schema(), alert | {"data": alert["data"] | {"added_later": 1}}), "fields may be added"


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_policy_that_is_read_is_valid_by_text_and_as_yaml_types_it(path: Path) -> None:
    schema = policy_schema()
    assert valid(schema, texts(read(path.read_bytes())[0]))
    typed = plain(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))
    assert valid(schema, typed)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("departments:", "department:"), ("timezone: America", "tz: America"), ("mon-fri: 08", "mon-fry: 08"),
        ("08:00-12:00 12:30", "8:00-12:00 12:30"), ("[2026-12-24]", "[24.12.2026]"), ("2026-12-26: ", "26.12.2026: "),
        ("within: 4 business hours", "within: soon"), ("within: 1 business day", "within: 1.5 business days"),
        ("within: 2 business days", "note: 2"), ("by: end of 3 business days", "by: 3 days"), ("at: 75%", "at: 75"),
        ("at: 75%", "at: 75%, after: 1 hour"), ("at: 75%, ", ""), ("severity: warning", "severity: mild"),
        ("notify: pool", "notify: everyone"), ("count: 3", "count: 0"), ("workflow: result", "workflow: letter"),
        ("lead: 1 business hour", "lead: 1 hour"), ("max_age: 90 days", "max_age: 90 business days"),
        ("apply: all", "apply: some"), ("partitioner: unchecked", "partitioner: md5"), ("version: 2026-11-01\n", ""),
        ("silent_feed: {}", "silent_feed: {letter: 1 hour}"), ("name: message-reply", "name: message reply"),
    ],
)  # fmt: skip
def test_a_slip_is_marked(old: str, new: str) -> None:
    assert not valid(policy_schema(), texts(read(spoiled(old, new))[0]))


def test_the_policy_schema_has_the_keys_of_the_readers() -> None:
    defs = policy_schema()["$defs"]
    keys = {name: set(defs[name]["properties"]) for name in defs}
    assert set(policy_schema()["properties"]) == set(policy_file._SECTIONS)
    assert set(policy_schema()["required"]) == set(policy_file._REQUIRED)
    assert keys["Calendar"] == set(policy_calendars._CALENDAR)
    assert keys["Department"] == set(policy_calendars._DEPARTMENT)
    assert keys["Clock"] == set(policy_clocks._CLOCK)
    assert keys["Rule"] == set(policy_clocks._RULE)
    assert keys["When"] == set(policy_clocks._WHEN)
    assert keys["Stage"] == set(policy_clocks._STAGE)
    assert keys["Attempts"] == set(policy_clocks._ATTEMPTS)
    assert keys["Settings"] == {*policy_settings._PARSERS, "silent_feed"}


def test_asyncapi_has_every_topic_and_every_type_once() -> None:
    document = asyncapi("clinic")
    assert document["asyncapi"].startswith("3.0")
    assert all(resolve(document, reference) for reference in references(document))
    addresses = [channel["address"] for channel in document["channels"].values()]
    assert addresses == [topic.name("clinic") for topic in topics.ALL]
    assert len(document["operations"]) == len(topics.ALL)
    payloads = [document["components"]["messages"][topic.suffix]["payload"] for topic in topics.ALL[:5]]
    named = [name for payload in payloads for name in payload["allOf"][1]["properties"]["type"]["enum"]]
    assert sorted(named) == sorted([*TYPES, *COMMANDS, *[HEARTBEAT] * 4])


def test_asyncapi_payloads_take_what_is_on_the_topics() -> None:
    document = asyncapi()
    messages = document["components"]["messages"]
    alert = lines("expected.ndjson")[0]
    assert valid(messages["messages"]["payload"], EVENT, document)
    assert not valid(messages["results"]["payload"], EVENT, document)
    assert valid(messages["alerts"]["payload"], alert, document)
    assert valid(messages["alerts.open"]["payload"], None, document)
    assert not valid(messages["alerts"]["payload"], None, document)
    assert valid(messages["policy"]["payload"], POLICY, document)
    kafka = document["channels"]["deadletters"]["bindings"]["kafka"]
    assert kafka["topicConfiguration"] == {
        "cleanup.policy": ["delete"], "retention.ms": 2_592_000_000, "max.message.bytes": 16_777_216,
    }  # fmt: skip
    assert document["channels"]["policy"]["bindings"]["kafka"]["partitions"] == 1


def test_one_is_printed_as_it_is_and_all_by_name() -> None:
    one = CliRunner().invoke(command, ["event"])
    assert (one.exit_code, json.loads(one.stdout)) == (0, event_schema())
    every = CliRunner().invoke(command, [])
    assert every.exit_code == 0
    assert json.loads(every.stdout) == {name: make() for name, (_, make) in DOCUMENTS.items()}
    assert list(json.loads(CliRunner().invoke(command, ["alert", "policy"]).stdout)) == ["alert", "policy"]


def test_they_are_written_to_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    result = CliRunner().invoke(command, ["--dir", str(folder)])
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [str(folder / file) for file, _ in DOCUMENTS.values()]
    assert json.loads((folder / "policy.schema.json").read_text(encoding="utf-8")) == policy_schema()
    (tmp_path / "file").write_text("")
    refused = CliRunner().invoke(command, ["--dir", str(tmp_path / "file")])
    assert refused.exit_code == 2
    assert "give a folder that can be written" in refused.stderr
    assert CliRunner().invoke(command, ["letter"]).exit_code == 2
