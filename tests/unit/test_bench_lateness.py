"""The benchmarks of lateness and of idle ticks: the load gives what it says, and what is heard is held against it."""

from __future__ import annotations

import json
import math
from collections import Counter

import pytest

from schemas import alerts, instants
from schemas.alerts import Alert, AlertData
from schemas.events import Event, decode
from schemas.instants import SECOND
from schemas.policy import HOUR, WORKFLOWS
from streams import backtest
from streams.core import state as states
from tests.bench import books, idle, live
from tests.bench.heard import Heard, compared, percentile
from tests.bench.lateness import NIGHT
from tests.bench.live import DUE, DUE_SOON, TURNS, Due, Load
from tests.bench.population import settle

LOADS = [Load("a", seconds=12, rate=100), Load("b", seconds=7, rate=1_000), Load("c", seconds=20, rate=30)]


# -- the load ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("load", LOADS)
def test_events_come_at_an_even_pace_and_none_is_refused(load: Load) -> None:
    sent = list(live.events(load, NIGHT))
    assert [each.at - NIGHT for each in sent] == [slot * SECOND // load.rate for slot in range(load.events)]
    found = [decode(each.value, (), each.workflow) for each in sent]
    assert all(isinstance(event, Event) for event in found)
    assert [event.entry.time for event in found if isinstance(event, Event)] == [each.at for each in sent]
    assert {each.workflow for each in sent} == set(WORKFLOWS)
    assert [each.key for each in sent] == [event.subject for event in found if isinstance(event, Event)]


@pytest.mark.parametrize("load", LOADS)
def test_the_backtest_says_what_the_load_says_must_come(load: Load) -> None:
    """The same engine that a worker has, without its runtime; what is due follows from the slots alone."""
    sent = list(live.events(load, NIGHT))
    due = live.due(load, NIGHT)
    found = backtest.run(books.timed(), [each.value for each in sent], NIGHT + load.seconds * SECOND + DUE)
    assert found.dead == []
    fired = {alert.id: alert.data.stage_at for alert in found.alerts if alert.type == alerts.FIRED}
    assert fired == {name: instants.text(stage) for name, stage in due.fired.items()}
    assert {alert.id for alert in found.alerts if alert.type != alerts.FIRED} == due.resolved
    assert not any(alert.data.short_notice or alert.data.catch_up for alert in found.alerts)


def test_of_twenty_events_two_let_stages_come_and_one_answers() -> None:
    load = Load("a", seconds=60, rate=1_000)
    due = live.due(load, NIGHT)
    opened = load.events // TURNS * 2
    ends = Counter(name.rpartition(":")[2] for name in due.fired)
    assert ends["due-soon"] == opened
    assert ends["missed"] + len(due.resolved) == opened
    assert len(due.resolved) == pytest.approx(opened / 2, rel=0.1)


def test_an_answer_lies_between_the_two_stages_by_the_margin() -> None:
    for load in LOADS:
        opened, answered = {}, 0
        for each in live.events(load, NIGHT):
            event = json.loads(each.value)
            if event.get("data", {}).get("kind") == "timed":
                opened[each.key] = each.at
            elif each.key in opened:
                assert event["type"] == "portal.message.replied"
                after, answered = each.at - opened[each.key], answered + 1
                assert DUE_SOON + live.MARGIN * SECOND < after < DUE - live.MARGIN * SECOND
        assert answered == len(live.due(load, NIGHT).resolved) > 0


# -- what is heard ----------------------------------------------------------------------------------

STAGE = NIGHT + 3 * SECOND


def said(
    name: str,
    stage_at: int = STAGE,
    kind: str = alerts.FIRED,
    *,
    catch_up: bool | None = None,
    notify: list[str] | None = None,
) -> bytes:
    state = "firing" if kind == alerts.FIRED else "resolved"
    data = AlertData(
        state=state, workflow="message", stage_at=instants.text(stage_at), catch_up=catch_up, notify=notify
    )
    return alerts.encode(
        Alert(id=name, source="/t", type=kind, subject="m", time=instants.text(STAGE + 100_000), data=data)
    )


def wall(instant: int) -> float:
    return (instant - NIGHT) / 1e6


def test_lateness_is_from_the_stage_to_the_first_time_that_its_alert_was_heard() -> None:
    heard = [Heard(3.2, said("x")), Heard(3.9, said("x")), Heard(4.0, said("x:resolved", kind=alerts.RESOLVED))]
    found = compared(Due({"x": STAGE}, frozenset({"x:resolved"})), heard, wall)
    assert found.lateness == {"x": pytest.approx(0.2)}
    assert found.decided == {"x": pytest.approx(0.1)}
    assert (found.missing, found.false, found.again) == ([], [], 1)


def test_what_was_not_heard_is_missing() -> None:
    found = compared(Due({"x": STAGE, "y": STAGE}, frozenset({"x:resolved"})), [Heard(3.2, said("x"))], wall)
    assert found.missing == ["y", "x:resolved"]
    assert found.lateness.keys() == {"x"}


def test_a_stage_that_an_answer_overtook_need_not_be_said_but_counts_as_late() -> None:
    found = compared(Due({"x:due-soon": STAGE}, frozenset({"x:due-soon:resolved"})), [], wall)
    assert (found.overtaken, found.missing, found.lateness) == ({"x:due-soon": live.MARGIN}, [], {})


@pytest.mark.parametrize(("notify", "overtaken"), [(["pool", "on_call"], True), (["on_call"], False)])
def test_a_stage_may_be_said_by_the_next_one_if_that_calls_for_both(notify: list[str], overtaken: bool) -> None:
    due = Due({"x:due-soon": STAGE, "x:missed": STAGE}, frozenset())
    found = compared(due, [Heard(3.2, said("x:missed", notify=notify))], wall)
    assert found.lateness.keys() == {"x:missed"}
    assert (list(found.overtaken), found.missing) == ((["x:due-soon"], []) if overtaken else ([], ["x:due-soon"]))


def test_an_alert_that_was_resolved_and_never_said_is_missing() -> None:
    due = Due({"x:due-soon": STAGE}, frozenset({"x:due-soon:resolved"}))
    found = compared(due, [Heard(4.0, said("x:due-soon:resolved", kind=alerts.RESOLVED))], wall)
    assert (found.overtaken, found.missing) == ({}, ["x:due-soon"])


@pytest.mark.parametrize(
    "value",
    [
        said("z"),
        said("x", STAGE + 1),
        said("x", catch_up=True),
        said("x:resolved", kind=alerts.RESOLVED),
        said("x:acknowledged:1", kind=alerts.NOTICE),
    ],
)
def test_what_had_not_to_be_said_or_not_so_is_false(value: bytes) -> None:
    found = compared(Due({"x": STAGE}, frozenset()), [Heard(3.2, value)], wall)
    assert found.false == [alerts.decode(value).id]


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(each) for each in range(200, 0, -1)]
    assert [percentile(values, share) for share in (0.5, 0.99, 1.0)] == [100.0, 198.0, 200.0]
    assert percentile([7.0], 0.5) == 7.0
    assert math.isnan(percentile([], 0.5))


# -- what stands there ------------------------------------------------------------------------------


def test_no_item_that_stands_at_night_is_looked_at_before_the_morning() -> None:
    population = settle(books.timed(), None, 1, NIGHT)
    assert len(population.templates) > 50
    assert any(each.alerts for each in population.templates)
    assert states.decode_times(population.times)[1] == NIGHT
    assert min(states.moment(each.state) for each in population.templates) >= NIGHT + 4 * HOUR


def test_ticks_with_nothing_due_are_measured_run_by_run() -> None:
    runs = idle.measured(2, 300, settle(books.sample(), 600, 2))
    assert len(runs) == 2
    for each in runs:
        assert 0 < each.median <= each.longest
        assert each.cpu > 0
