"""The simulated portal: valid, in order, the same for a seed, and of the shape of a clinic's day."""

from __future__ import annotations

from collections import Counter

import pytest

from schemas import instants
from schemas.events import HEARTBEAT, TYPES, Event, Refusal, from_json
from schemas.policy import DAY, HOUR, WORKFLOWS
from streams import backtest
from streams.demo.portal import Record
from streams.demo.publish import encoded
from tests.unit.demo.clinic import START, book, stretch


@pytest.fixture(scope="module")
def week() -> list[Record]:
    return stretch(7)


def malformed(record: Record) -> bool:
    return str(record.event["id"]).endswith("-malformed")


def test_every_event_but_those_spoiled_on_purpose_is_accepted_on_its_topic(week: list[Record]) -> None:
    for record in week:
        found = from_json(encoded(record), record.workflow)
        if malformed(record):
            assert isinstance(found, Refusal)
            assert found.reason in ("invalid", "unknown_type")
        else:
            assert isinstance(found, Event), found
            assert found.workflow == record.workflow
    assert 1 <= sum(map(malformed, week)) <= len(week) / 100


def test_records_come_in_order_and_never_before_their_time(week: list[Record]) -> None:
    times = [record.at for record in week]
    assert times == sorted(times)
    for record in week:
        if not malformed(record):
            assert instants.parse(record.event["time"]) <= record.at
    own = [r for r in week if instants.parse(f"{r.event['time'].rstrip('Z')}Z") == r.at]
    assert len(own) > 0.97 * len(week), "all but the few that come twice are sent when they happen"


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first = [encoded(record) for record in stretch(2, seed=5)]
    assert first == [encoded(record) for record in stretch(2, seed=5)]
    assert first != [encoded(record) for record in stretch(2, seed=6)]


def test_all_that_can_happen_happens(week: list[Record]) -> None:
    seen = {record.event["type"] for record in week}
    missing = set(TYPES) | {HEARTBEAT}
    missing -= seen | {"portal.appointment.assigned", "portal.result.cancelled", "portal.result.moved"}
    assert not missing
    ids = Counter(record.event["id"] for record in week)
    assert 0 < sum(count == 2 for count in ids.values()) < len(week) / 50
    assert max(ids.values()) == 2


def test_keys_keep_an_item_together_and_names_are_surrogates(week: list[Record]) -> None:
    for record in week:
        assert record.key == record.event.get("subject", record.workflow)
        data = record.event.get("data", {})
        assert data.get("patient", "p-1").startswith("p-")
        assert data.get("owner", "staff-1").startswith("staff-")


def test_a_day_has_the_shape_of_a_clinic(week: list[Record]) -> None:
    opened = [r for r in week if r.event["type"] == "portal.message.sent"]
    by_hour = Counter((r.at - 6 * HOUR) // HOUR % 24 for r in opened)  # Chicago in November
    assert by_hour[12] < by_hour[10]
    assert by_hour[12] < by_hour[14]
    assert sum(by_hour[h] for h in range(8, 12)) > sum(by_hour[h] for h in range(13, 17))
    assert by_hour[20] > 0
    by_day = Counter((r.at - 6 * HOUR) // DAY for r in opened if r.at >= START)
    saturday, monday = sorted(by_day)[2], sorted(by_day)[4]
    assert 0 < by_day[saturday] < by_day[monday] / 2


def test_only_patients_act_in_closed_time(week: list[Record]) -> None:
    patients = {"sent", "requested", "answered", "looked_up", "submitted", "heartbeat", "moved"}
    calendars = book().calendars.values()
    ids: set[str] = set()
    for record in week:
        again = record.event["id"] in ids
        ids.add(record.event["id"])
        if again or malformed(record) or record.event["type"].rpartition(".")[2] in patients:
            continue
        at = record.at
        assert any(c.is_open(at) or c.is_open(at - 1) for c in calendars), record


def test_it_opens_with_a_backlog_for_which_nobody_was_called() -> None:
    records = stretch(1)
    backlog = [record for record in records if record.at < START]
    assert len({record.key for record in backlog}) > 40
    assert {record.workflow for record in backlog} == set(WORKFLOWS)
    alerts = backtest.run(book(), map(encoded, records), START + DAY).alerts
    assert instants.text(START) <= min(alert.time for alert in alerts)


def test_the_demo_shows_an_alert_soon_and_one_every_few_seconds() -> None:
    """At 480 times the pace, from the clinic's opening on: an hour is seven and a half seconds."""
    result = backtest.run(book(), map(encoded, stretch(9)), START + 9 * DAY)
    fired = [alert for alert in result.alerts if alert.type == "portal.alert.fired"]
    opening = instants.parse("2026-11-05T14:00:00Z")
    first = min(instants.parse(alert.time) for alert in fired)
    assert first < opening + HOUR
    per_day = Counter(alert.time[:10] for alert in fired)
    for day in ("2026-11-05", "2026-11-06", "2026-11-09", "2026-11-10"):
        assert 15 <= per_day[day] <= 60, per_day
    assert {alert.data.stage for alert in fired} == {"due-soon", "imminent", "missed", "escalated", "attempts"}
    ends = Counter(alert.data.reason for alert in result.alerts if alert.type == "portal.alert.resolved")
    assert ends["met"] > 20
    assert ends["missed"] > 20
    assert {dead.reason for dead in result.dead} == {"invalid", "unknown_type"}
