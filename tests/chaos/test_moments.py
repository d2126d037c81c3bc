"""What is said too early, too late, in the wrong order or in the wrong place is found: a right run, one thing wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from msgspec import structs

from schemas import alerts, instants
from schemas.alerts import Alert
from tests.chaos.checks import nothing_is_torn
from tests.chaos.findings import RESOLVED, Finding, Have, Item
from tests.chaos.found import Found, otherwise, whole
from tests.chaos.judging import judge
from tests.chaos.load import Sent
from tests.chaos.made import LONG_SHUT, QUIET, SHUT, START, STOP, UNTIL, caught_up, fired, found, held, said, sent
from tests.chaos.moments import hasty, none_again, none_out_of_order, none_too_early, tardy
from tests.chaos.plan import SECOND, micros
from tests.chaos.replay import in_order, play
from tests.chaos.test_explain import DESK, came
from tests.chaos.windows import Window

LOG = sent(60)


def late(there: Found, windows: Sequence[Window] = (), log: list[Sent] | None = None) -> list[Finding]:
    """What is found of it."""
    return judge(log or LOG, there, list(windows), STOP, jobs=1).findings


def moved(there: Found, which: Callable[[Alert], bool], decided: float, appended: float) -> int:
    """Have some of the alerts decided, and put on the broker, so many seconds later; how many."""
    count = 0
    for records in there.said.values():
        alert = records[0].alert
        if which(alert):
            at = instants.text(instants.parse(alert.time) + micros(decided))
            records[0] = said(structs.replace(alert, time=at), records[0].appended + appended)
            count += 1
    return count


def is_of(kind: str) -> Callable[[Alert], bool]:
    return lambda alert: alert.type == kind


def test_a_run_that_is_right() -> None:
    there = found(LOG)
    assert [*late(there), *none_too_early(there), *none_out_of_order(there)] == []


@pytest.mark.parametrize("kind", [alerts.FIRED, alerts.RESOLVED, alerts.NOTICE])
@pytest.mark.parametrize("decided", [0, 55])
def test_what_comes_late_without_a_fault_is_found(kind: str, decided: float) -> None:
    there = found(LOG)
    count = moved(there, is_of(kind), decided, 55)
    assert count > 3
    findings = late(there)
    assert {each.what for each in findings} == {"late"}
    assert len(findings) == count


@pytest.mark.parametrize(("seconds", "is_late"), [(10, False), (7200, True)])
def test_a_shut_gate_excuses_what_falls_into_it_until_it_opens(seconds: float, *, is_late: bool) -> None:
    there = found(LOG, held)
    inside = {alert.id for alert in fired(there, SHUT.start, SHUT.end)}
    assert moved(there, lambda alert: alert.id in inside, 0, seconds) > 3
    assert {each.what for each in late(there, (SHUT,))} == ({"late"} if is_late else set())


def test_what_is_caught_up_comes_when_the_gate_opens() -> None:
    log = sent(400)
    there = found(log, caught_up, LONG_SHUT)
    items = {records[0].alert.subject for records in there.said.values() if records[0].alert.data.catch_up}
    log = [each for each in log if each.event.key in items]
    there = found(log, caught_up, LONG_SHUT)
    assert late(there, (LONG_SHUT,), log) == []
    count = moved(there, lambda alert: bool(alert.data.catch_up) and alert.type == alerts.FIRED, 7200, 7200)
    assert count > 3
    assert [each.what for each in late(there, (LONG_SHUT,), log)] == ["late"] * count


def test_what_is_said_before_its_time_is_found() -> None:
    there = found(LOG)
    count = moved(there, is_of(alerts.FIRED), -10, -10)
    findings = [each.what for each in none_too_early(there)]
    assert {*findings} == {"early"}
    assert len(findings) < count, "some were held back, and their stage's time does not tell"
    assert [each.what for each in late(there)] == ["early"] * count
    there = found(LOG)
    assert moved(there, is_of(alerts.FIRED), 0, -1) == count
    assert [each.what for each in none_too_early(there)] == ["early"] * count


@pytest.mark.parametrize(("travel", "is_early"), [(4.0, False), (0.01, True)])
def test_a_snooze_that_came_too_late_to_hold_a_stage_makes_it_not_early(travel: float, *, is_early: bool) -> None:
    snoozed = came("command.snoozed", 14, {**DESK, "until": "2026-11-10T09:00:20Z"}, travel)
    item = Item("message:1", [came("message.sent", 0, {"department": "b"}), snoozed], 0, snoozed.time)
    want = next(a for a in play(in_order(item.events), UNTIL).alerts if a.data.stage == "due-soon")
    assert want.time == "2026-11-10T09:00:20Z"
    at_once = structs.replace(want, time="2026-11-10T09:00:15Z")
    have = Have({want.id: at_once}, None, {})
    assert [each.what for each in hasty(item, [want], have)] == (["early"] if is_early else [])


def test_what_a_command_may_have_held_back_is_not_late_if_a_gate_may_have_been_shut() -> None:
    item = Item(
        "message:1", [came("message.sent", 0, {"department": "b"}), came("command.acknowledged", 20, DESK)], 0, 0
    )
    want = play(in_order(item.events[:1]), UNTIL).alerts[0]
    have = Have({want.id: want}, None, {want.id: (START + micros(40)) / SECOND})
    assert [each.what for each in tardy(item, [want], have, [])] == ["late"]
    assert list(tardy(item, [want], have, [], usual=False)) == []
    moment = instants.parse(want.time)
    assert list(tardy(item, [want], have, [Window(moment, moment + 1)])) == []


@pytest.mark.parametrize("offsets", [False, True])
def test_an_alert_that_fires_again_after_its_resolution_is_found(*, offsets: bool) -> None:
    there = found(LOG)
    resolution = next(i for i in there.said if i.endswith(RESOLVED))
    alert_id = resolution.removesuffix(RESOLVED)
    if offsets:
        there.said[alert_id] = [replace(there.said[alert_id][0], offset=4)]
        there.said[resolution] = [replace(there.said[resolution][0], offset=5)]
    again = replace(there.said[alert_id][0], offset=6 if offsets else -1, appended=there.said[resolution][0].appended)
    there.said[alert_id].append(again)
    assert len(list(none_out_of_order(there))) == offsets, "of the same millisecond the clock does not tell"
    there.said[alert_id][1] = replace(again, appended=again.appended + 0.001)
    assert [each.what for each in none_out_of_order(there)] == ["disorder"]
    there.said[resolution].append(replace(again, offset=7 if offsets else -1, appended=again.appended + 0.002))
    assert list(none_out_of_order(there)) == [], "both were said again"


def test_what_is_said_again_without_a_crash_is_found() -> None:
    there = found(LOG)
    alert = fired(there, SHUT.start, SHUT.end)[0]
    there.said[alert.id].append(there.said[alert.id][0])
    assert list(none_again(there, [SHUT])) == []
    assert [each.what for each in none_again(there, [])] == ["again"]


def test_a_resolution_before_its_alert_is_found() -> None:
    there = found(LOG)
    resolution = next(i for i in there.said if i.endswith(RESOLVED))
    first = there.said[resolution.removesuffix(RESOLVED)][0]
    there.said[resolution] = [replace(there.said[resolution][0], appended=first.appended - 1)]
    assert {each.what for each in none_out_of_order(there)} == {"disorder"}


def test_an_alert_on_another_partition_than_its_events_is_found() -> None:
    there = found(LOG)
    alert = fired(there, QUIET, STOP.start)[0]
    there.said[alert.id].append(replace(there.said[alert.id][0], partition=3))
    assert [each.what for each in late(there)] == ["elsewhere"]


def test_what_is_kept_of_an_item_that_never_was_is_found() -> None:
    there = found(LOG)
    there.items["message:m-999999"] = next(iter(there.items.values()))
    assert [each.what for each in late(there)] == ["table"]


def test_an_open_alert_that_says_something_else_is_found() -> None:
    there = found(LOG)
    alert = fired(there, QUIET, STOP.start)[0]
    as_it_fired = {alert.id.encode(): alerts.encode(alert)}
    assert list(otherwise(as_it_fired, there.said)) == []
    other = structs.replace(alert, data=structs.replace(alert.data, recipients=["nobody"]))
    assert list(otherwise({alert.id.encode(): alerts.encode(other)}, there.said)) == [alert.id.encode()]


def test_a_key_on_two_partitions_is_found() -> None:
    latest = {(0, b"message:m-1"): b"x", (1, b"message:m-2"): b"y", (0, b"@own"): b"", (1, b"@own"): b""}
    assert whole(latest, "items")[1] == []
    table, torn = whole({**latest, (1, b"message:m-1"): b"z"}, "items")
    assert torn == ["items: message:m-1 stands on 2 partitions"]
    assert table.keys() == {b"message:m-1", b"message:m-2", b"@own"}
    assert [each.about for each in nothing_is_torn(Found({}, set(), {}, [], [], torn))] == torn
