"""What is said of any log by any policy: R5, R6, R7, R12 and T7, over the logs of tests.model.generate.

Each property reads one run of the engine, event by event: what was said, and what stands on the shelves at the end.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import alerts, instants
from schemas.alerts import FIRED, NOTICE, RESOLVED, Alert, AlertData
from schemas.events import Event, from_json
from schemas.policy import DAY, Clock
from streams.core import state as states
from streams.core.book import Book
from streams.core.deadlines import judge
from streams.core.engine import Engine
from streams.core.keeping import folded
from streams.core.ladder import allowed, stage_times
from streams.core.policy_check import load
from streams.core.routing import Routing
from streams.core.steps import steps
from tests.contract.build import engine, running
from tests.model.generate import FLAVOURS, generate

SEEDS = st.integers(0, 25)
"""Few, so that the properties share runs; the deep search of tests.property.deep has the rest."""


class Played(NamedTuple):
    """A run: what was said, in order, and the engine as it stands at the end."""

    book: Book
    said: list[Alert]
    end: Engine


@lru_cache(maxsize=128)
def played(flavour: str, seed: int) -> Played:
    text, events = generate(seed, flavour)
    judge_by = Book(load(text), text.encode())
    on = engine(judge_by)
    said: list[Alert] = []
    good = [(event, None) for event in map(_read, events) if event is not None]
    for step in steps(good, 0):
        said += on.advance(max(on.now, step[0][0].entry.time - 1)).alerts
        said += on.step(step).alerts
    said += on.advance(on.now + 3 * DAY).alerts
    return Played(judge_by, said, on)


def _read(event: dict[str, object]) -> Event | None:
    found = from_json(json.dumps(event))
    return found if isinstance(found, Event) else None


def clock_of(run: Played, data: AlertData) -> Clock:
    return next(clock for clock in run.book.clocks[data.workflow] if clock.name == data.clock)


@pytest.mark.parametrize("flavour", FLAVOURS)
@given(seed=SEEDS)
def test_no_id_is_said_twice(flavour: str, seed: int) -> None:
    """Section 5, R5: one id always means one and the same alert."""
    said = [alert.id for alert in played(flavour, seed).said]
    assert len(said) == len(set(said))


@pytest.mark.parametrize("flavour", FLAVOURS)
@given(seed=SEEDS)
def test_what_fires_is_resolved_or_its_cycle_runs(flavour: str, seed: int) -> None:
    """R6, R7: each firing alert is resolved once, after it fired, or stands open and its cycle still runs."""
    run = played(flavour, seed)
    firing: dict[str, Alert] = {}
    for alert in run.said:
        if alert.type == FIRED:
            firing[alert.id] = alert
        elif alert.type == RESOLVED:
            fired = firing.pop(alert.id.removesuffix(":resolved"))
            assert alert.data.alert == fired.id
            assert alert.time >= fired.time
    assert dict(run.end.open.items()) == {ident.encode(): alerts.encode(alert) for ident, alert in firing.items()}
    alive = {(workflow, item) for workflow, item, cycle in running(run.end) if not cycle.paused}
    paused = {(workflow, item) for workflow, item, cycle in running(run.end) if cycle.paused}
    for alert in firing.values():
        key = alert.data.workflow, alert.data.item
        assert key in alive or (key in paused and alert.data.stage == "attempts")


@pytest.mark.parametrize("flavour", FLAVOURS)
@given(seed=SEEDS)
def test_a_resolution_repeats_what_was_said(flavour: str, seed: int) -> None:
    """Section 5: but for what it adds, field for field."""
    run = played(flavour, seed)
    fired = {alert.id: alert for alert in run.said if alert.type == FIRED}
    added = {"state", "reason", "resolved_at", "closed_at"}
    for alert in run.said:
        if alert.type == RESOLVED:
            before, after = (
                {name: getattr(each.data, name) for name in AlertData.__struct_fields__ if name not in added}
                for each in (fired[alert.id.removesuffix(":resolved")], alert)
            )
            assert before == after
            assert (alert.data.closed_at is not None) is (
                alert.data.reason in {"met", "missed", "cancelled", "expired"}
            )


@pytest.mark.parametrize("flavour", FLAVOURS)
@given(seed=SEEDS)
def test_nobody_is_called_before_its_time_or_in_closed_time(flavour: str, seed: int) -> None:
    """T6, T7, R5: a stage fires at or after its time, not before the start, and when its hours allow."""
    run = played(flavour, seed)
    for alert in run.said:
        if alert.type != FIRED:
            continue
        data, clock = alert.data, clock_of(run, alert.data)
        assert data.opened_at is not None
        assert data.stage_at is not None
        fired, stage_at, opened = (instants.parse(text) for text in (alert.time, data.stage_at, data.opened_at))
        assert opened <= stage_at <= fired
        routing = Routing(data.department, data.site, data.pool, data.owner, data.kind)
        position = run.book.match(clock, routing, data.priority or "")
        assert position is not None
        stage = clock.attempts if data.stage == "attempts" else next(s for s in clock.stages if s.name == data.stage)
        assert stage is not None
        calendar = run.book.calendar(clock.rules[position], routing)
        assert allowed(calendar, fired, always=stage.always) == fired


@pytest.mark.parametrize("flavour", FLAVOURS)
@given(seed=SEEDS)
def test_stages_lie_in_the_order_in_which_they_are_listed(flavour: str, seed: int) -> None:
    """T6, T7: none before the start, none earlier than the one listed before it."""
    run = played(flavour, seed)
    for key, value in run.end.items.items():
        if key.startswith(b"@"):
            continue
        state = states.decode(value)
        for cycle in folded(state, run.book.settings, run.end.now).cycles if state.history else ():
            for clock in run.book.clocks[key.decode().partition(":")[0]]:
                verdict = judge(run.book, clock, cycle)
                times = [] if verdict.due is None else stage_times(clock, verdict, cycle)
                assert times == sorted(times)
                assert all(time >= cycle.start for time in times)


@pytest.mark.parametrize("flavour", FLAVOURS)
@given(seed=SEEDS)
def test_everything_said_reaches_somebody(flavour: str, seed: int) -> None:
    """Case 27: no alert has an empty target; the names are those of `notify` in order, each once."""
    for alert in played(flavour, seed).said:
        data = alert.data
        if alert.type == NOTICE and data.stage == "acknowledged":
            assert data.by
            continue
        assert data.recipients
        assert data.notify
        assert len(set(data.notify)) == len(data.notify)
        assert len(set(data.recipients)) == len(data.recipients) <= len(data.notify)
