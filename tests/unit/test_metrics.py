"""What `/metrics` shows: label sets known from the start, counts by batch, what is left out (contract section 8)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from schemas import alerts, instants
from schemas.alerts import Alert, AlertData
from schemas.events import Event, decode
from schemas.policy_file import parse
from streams.clock import Clock
from streams.clock import parse as pace
from streams.core.book import Book
from streams.core.shelf import DictShelf
from streams.metrics import registry
from streams.runtime import Batch, Record, Table
from streams.tally import REASONS, Histogram, Tally
from streams.watch import Topics, Watch

ROOT = Path(__file__).parents[2]
POLICY = b"""
version: "1"
calendars: {always: {timezone: UTC, hours: {daily: 00:00-24:00}}}
departments: {a: {pool: pool-a}}
defaults: {calendar: always, pool: desk, on_call: call, champion: committee}
clocks:
  - name: reply
    workflow: message
    rules: [{within: 1 hour}]
    stages: [{name: missed, at: due, notify: on_call}]
  - name: release
    workflow: result
    rules: [{within: 1 day, not_before: 1 hour}]
    attempts: {count: 3, within: 3 days}
    stages: [{name: gone, at: due}]
settings: {lead: 0 minutes, silent_feed: {message: 1 hour}}
"""
NOW = instants.parse("2026-11-25T12:00:00Z")
SECOND = 1_000_000


def samples(shown: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    """By the values of the labels, in the order of their names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in shown.collect()
        for sample in family.samples
        if sample.name == name
    }


def shown(tally: Tally, lanes: dict[int, dict[str, Any]] | None = None, wall: float = 1000.0) -> CollectorRegistry:
    return registry(lambda: lanes or {}, tally, lambda: wall)


def decreed(text: bytes = POLICY) -> Tally:
    tally = Tally(["t.messages", "t.commands"])
    tally.decreed(Book(parse(text.decode()), text))
    return tally


def lane(**changed: Any) -> dict[str, Any]:
    return {"phase": "fetch", "recovered": True, "known": 995.0, "lag": {"t.messages": 0}, **changed}


def alert(type_: str = alerts.FIRED, late: float = 1.0, **said: Any) -> Alert:
    stage_at = instants.text(NOW - round(late * SECOND))
    given = {"state": "firing", "stage": "missed", "severity": "critical", "workflow": "message", "department": "a"}
    data = AlertData(**{"stage_at": stage_at, **given, **said})
    return Alert(id="i", source="/s", type=type_, subject="m-1", time=instants.text(NOW), data=data)


# -- label sets ---------------------------------------------------------------------------------------------------


def test_every_known_label_set_is_there_as_0() -> None:
    page = shown(decreed())
    events = samples(page, "portalwatch_events_total")
    assert len(events) == 24 + 4 * 4 + 1  # the workflows' own; commands and heartbeats of each; the commands' heartbeat
    assert ("portal.message.sent", "message") in events
    assert ("portal.command.snoozed", "result") in events
    said = samples(page, "portalwatch_alerts_total")
    stages = {("message", "missed"), ("result", "gone"), ("result", "attempts"), ("result", "too-early")}
    want = {(department, stage, workflow) for workflow, stage in stages for department in ("a", "unassigned", "other")}
    assert set(said) == want | {("unassigned", "feed-silent", "message")}
    dead = samples(page, "portalwatch_deadletters_total")
    assert set(dead) == {(reason, topic) for reason in REASONS for topic in ("t.messages", "t.commands")}
    ages = samples(page, "portalwatch_event_age_seconds_count")
    assert set(ages) == {("message",), ("appointment",), ("result",), ("questionnaire",), ("command",)}
    late = samples(page, "portalwatch_alert_lateness_seconds_count")
    assert {*events.values(), *said.values(), *dead.values(), *ages.values(), *late.values()} == {0}


def test_the_reasons_are_those_that_the_program_gives() -> None:
    sources = [path.read_text() for folder in ("schemas", "streams") for path in (ROOT / folder).rglob("*.py")]
    given = {
        reason
        for text in sources
        for pattern in (r'Refusal\(\s*"(\w+)"', r'DeadLetter\([^,()]+, "(\w+)"', r'_refuse\(batch, record, "(\w+)"')
        for reason in re.findall(pattern, text)
    }
    assert given == set(REASONS)


def test_before_the_first_policy_nothing_is_said_of_it() -> None:
    page = shown(Tally(["t.messages"]))
    assert samples(page, "portalwatch_policy_info") == {}
    assert samples(page, "portalwatch_policy_last_reload_successful") == {}
    assert samples(page, "portalwatch_alerts_total") == {}


def test_a_policy_adds_its_label_sets_and_takes_none_away() -> None:
    tally = decreed()
    tally.said([alert()])
    assert samples(shown(tally), "portalwatch_policy_last_reload_successful") == {(): 1}
    second = POLICY.replace(b'version: "1"', b'version: "2"').replace(b"name: missed", b"name: over")
    tally.decreed(Book(parse(second.decode()), second))
    page = shown(tally)
    said = samples(page, "portalwatch_alerts_total")
    assert said["a", "missed", "message"] == 1
    assert said["a", "over", "message"] == 0
    ((sha256, version),) = samples(page, "portalwatch_policy_info")
    assert version == "2"
    assert re.fullmatch(r"[0-9a-f]{64}", sha256)


def test_two_workers_in_one_process_share_nothing() -> None:
    one, other = decreed(), decreed()
    one.said([alert()])
    assert samples(shown(other), "portalwatch_alerts_total")["a", "missed", "message"] == 0


# -- counts -------------------------------------------------------------------------------------------------------


def test_a_bucket_holds_its_bound_and_nothing_is_below_0() -> None:
    histogram = Histogram()
    histogram.add([-5 * SECOND, SECOND // 10, SECOND // 10 + 1, 604_800 * SECOND + 1])
    assert histogram.counts[:2] == [2, 1]
    assert histogram.counts[-1] == 1
    assert sum(histogram.counts) == 4
    assert histogram.total == 2 * (SECOND // 10) + 1 + 604_800 * SECOND + 1


def test_what_calls_somebody_is_counted_and_an_end_is_not() -> None:
    tally = decreed()
    tally.said(
        [
            alert(),
            alert(department="somewhere-else"),
            alert(department=None),
            alert(alerts.RESOLVED, state="resolved"),
            alert(alerts.NOTICE, state="notice", stage="too-early", workflow="result"),
            alert(alerts.NOTICE, state="notice", stage="acknowledged", severity=None),
            alert(alerts.NOTICE, state="notice", stage="catch-up", severity=None),
            alert(alerts.FEED_SILENT, late=7, stage="feed-silent", department=None),
            alert(alerts.FEED_RESTORED, stage="feed-silent", department=None, state="resolved"),
        ]
    )
    page = shown(tally)
    counted = {key: value for key, value in samples(page, "portalwatch_alerts_total").items() if value}
    assert counted == {
        ("a", "missed", "message"): 1,
        ("other", "missed", "message"): 1,
        ("unassigned", "missed", "message"): 1,
        ("a", "too-early", "result"): 1,
        ("unassigned", "feed-silent", "message"): 1,
    }
    assert samples(page, "portalwatch_alert_lateness_seconds_count") == {(): 4}
    assert samples(page, "portalwatch_alert_lateness_seconds_sum") == {(): 10}
    late = samples(page, "portalwatch_alert_lateness_seconds_bucket")
    assert (late["0.5",], late["1",], late["10",], late["+Inf",]) == (0, 3, 4, 4)


def cloudevent(verb: str, at: int, **more: Any) -> bytes:
    given = {"specversion": "1.0", "id": f"{verb}-{at}", "source": "/test", "type": f"portal.{verb}", "subject": "m-1"}
    return json.dumps({**given, "time": instants.text(at), **more}).encode()


def test_events_are_counted_by_the_workflow_of_their_item_or_feed() -> None:
    given = {"workflow": "result", "by": "r-1"}
    texts = [
        ("message", cloudevent("message.sent", NOW - 2 * SECOND)),
        ("message", cloudevent("message.sent", NOW - 2 * SECOND)),
        ("message", cloudevent("feed.heartbeat", NOW)),
        ("command", cloudevent("command.acknowledged", NOW + 3 * SECOND, data=given)),
        ("command", cloudevent("feed.heartbeat", NOW)),
    ]
    found = [decode(value, (), topic) for topic, value in texts]
    tally = decreed()
    tally.read([event for event in found if isinstance(event, Event)], NOW)
    page = shown(tally)
    counted = {key: value for key, value in samples(page, "portalwatch_events_total").items() if value}
    assert counted == {
        ("portal.message.sent", "message"): 2,
        ("portal.feed.heartbeat", "message"): 1,
        ("portal.command.acknowledged", "result"): 1,
        ("portal.feed.heartbeat", "command"): 1,
    }
    ages = samples(page, "portalwatch_event_age_seconds_count")
    assert (ages["message",], ages["result",], ages["command",]) == (3, 1, 1)
    total = samples(page, "portalwatch_event_age_seconds_sum")
    assert (total["message",], total["result",]) == (4, 0)


@dataclass(frozen=True, slots=True)
class Received:
    value: bytes
    topic: str = "t.messages"
    partition: int = 0
    offset: int = 0
    timestamp: int = 0
    key: bytes = b"m-1"
    headers: tuple[tuple[str, bytes], ...] = field(default=())


def table() -> Table:
    shelf = DictShelf()
    return cast(Table, SimpleNamespace(slice=lambda partition: shelf))


def watch() -> Watch:
    """Of one partition, at noon."""
    items, open_alerts, cards = table(), table(), table()
    clock = Clock(pace(f"{instants.text(NOW)}@1@0"), read=lambda: 0)
    made = Watch(
        "/s", clock, Topics("t.alerts", "t.deadletters"), items, open_alerts, cards, 1 << 20, Tally(["t.messages"])
    )
    made.partitions = 1
    made.decree(Book(parse(POLICY.decode()), POLICY), NOW, 0)
    made.recovered(0)
    return made


async def test_what_is_handed_over_with_a_batch_is_counted() -> None:
    judge = watch()
    two_hours_ago = cloudevent("message.sent", NOW - 7200 * SECOND, data={"department": "a", "patient": "p-4821"})
    records: Iterable[bytes] = (two_hours_ago, b"garbage", cloudevent("message.shouted", NOW), b"\xff")
    batch = Batch(0, "t.messages", [cast(Record, Received(value)) for value in records], known=0.0)
    await judge.take(batch, "message")
    tick = Batch(0, known=1.0)
    judge.tick(tick)
    page = shown(judge.tally)
    dead = {key: value for key, value in samples(page, "portalwatch_deadletters_total").items() if value}
    assert dead == {("undecodable", "t.messages"): 2, ("unknown_type", "t.messages"): 1}
    assert len(batch.effects) == 3
    fired = {key: value for key, value in samples(page, "portalwatch_alerts_total").items() if value}
    assert fired == {("a", "missed", "message"): 1}
    assert samples(page, "portalwatch_events_total")["portal.message.sent", "message"] == 1
    assert samples(page, "portalwatch_event_age_seconds_sum")["message",] == 7200
    assert samples(page, "portalwatch_alert_lateness_seconds_sum") == {(): 3600}
    labels = {value for family in page.collect() for sample in family.samples for value in sample.labels.values()}
    assert not [label for label in labels if "m-1" in label or "p-4821" in label or "call" in label]


# -- partitions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "catching_up"),
    [
        ({}, 0),
        ({"known": 990.0}, 0),
        ({"known": 989.9}, 1),
        ({"known": 0.0}, 1),
        ({"recovered": False, "phase": "recovery", "lag": {}}, 1),
    ],
)
def test_a_partition_catches_up_until_its_inputs_are_known(changed: dict[str, Any], catching_up: int) -> None:
    page = shown(Tally([]), {3: lane(**changed)})
    assert samples(page, "portalwatch_catching_up") == {("3",): catching_up}


def test_the_lag_is_told_as_far_as_it_is_known() -> None:
    page = shown(Tally([]), {0: lane(lag={"t.messages": 7}), 1: lane(lag={})})
    assert samples(page, "portalwatch_consumer_lag") == {("0", "t.messages"): 7}


def test_the_recovery_is_told_where_the_lane_does() -> None:
    page = shown(Tally([]), {0: lane(recovery={"read": 3, "end": 8}), 1: lane()})
    assert samples(page, "portalwatch_recovery_records") == {("0",): 3}
    assert samples(page, "portalwatch_recovery_records_expected") == {("0",): 8}


def test_only_what_this_worker_owns_is_told() -> None:
    lanes = {0: lane(), 1: lane(phase="lost")}
    page = registry(lambda: lanes, Tally([]), lambda: 1000.0)
    assert samples(page, "portalwatch_catching_up") == {("0",): 0}
    assert samples(page, "portalwatch_consumer_lag") == {("0", "t.messages"): 0}
    del lanes[0]
    assert samples(page, "portalwatch_catching_up") == {}
