"""The engine of a partition: R3 and R4 (what is taken in, how long it is kept), R11 (catch-up), R13 and R14.

The clock counts all hours, in UTC. Items are kept one day, remembered three; one opened at 08:00 is due at 12:00.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas import alerts
from streams.core.engine import Engine
from tests.contract.build import (
    ALL_HOURS,
    DAY_HOURS,
    ITEM,
    at,
    book,
    clock,
    engine,
    event,
    lines,
    run,
    said,
    step,
)
from tests.contract.build import running as running_cycles

FOUR = "{within: 4 hours}"
KEEP = "{lead: 0 minutes, reorder_window: 1 days, remember: 3 days, max_age: 10 days}"
WHOLE = "{within: 240 hours}"
LADDER = "{name: soon, at: 50%}, {name: missed, at: due, severity: critical, notify: on_call}"


def sent(ident: str, time: str, item: str = ITEM, **data: Any) -> bytes:
    return event(ident, "message.sent", f"2026-11-{time}", item, **data)


def replied(ident: str, time: str, item: str = ITEM) -> bytes:
    return event(ident, "message.replied", f"2026-11-{time}", item)


def beat(time: str) -> bytes:
    """A heartbeat: it moves the time, and touches no item."""
    return event(f"h{time}", "feed.heartbeat", f"2026-11-{time}")


def late(log: list[bytes]) -> list[str]:
    """Ids of the dead letters that say `late`; there must be no others."""
    found = run(book(f"[{clock(FOUR)}]", settings=KEEP), log).dead
    assert {dead.reason for dead in found} <= {"late"}
    assert all(dead.detail.startswith("time: ") for dead in found)
    return [json.loads(dead.line)["id"] for dead in found]


ENDED = [sent("e1", "10T08:00"), replied("e2", "10T09:00")]
GONE = [*ENDED, beat("11T09:00:00.000001")]


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param([*ENDED, beat("11T09:00"), replied("x", "10T08:30")], [], id="R3-kept-for-the-window"),
        pytest.param([*GONE, replied("x", "10T08:30")], ["x"], id="R3-before-the-last-event-of-a-remembered-one"),
        pytest.param([*GONE, sent("x", "10T09:00")], ["x"], id="R3-at-the-last-event"),
        pytest.param([*GONE, replied("x", "10T09:00:00.000001")], [], id="R3-after-the-last-event"),
        pytest.param([*GONE, sent("e3", "11T10:00"), sent("x", "10T08:30")], ["x"], id="R3-even-when-kept-anew"),
        pytest.param([sent("e1", "10T08:00"), beat("13T08:00"), sent("x", "10T07:00")], [],
                     id="R3-kept-while-a-cycle-runs"),
        pytest.param([sent("e1", "10T08:00"), beat("20T08:00"), sent("x", "11T07:00")], ["x"],
                     id="R3-a-cycle-that-has-expired-is-over"),
        pytest.param([beat("12T08:00"), replied("x", "11T08:00")], [], id="R3-unknown-just-in-the-window"),
        pytest.param([beat("12T08:00:00.000001"), replied("x", "11T08:00")], ["x"], id="R3-unknown-and-does-not-open"),
        pytest.param([beat("12T08:00:00.000001"), sent("x", "11T08:00")], [], id="R3-unknown-but-opens"),
        pytest.param([beat("14T08:00"), sent("x", "11T08:00")], [], id="R3-unknown-just-remembered"),
        pytest.param([beat("14T08:00:00.000001"), sent("x", "11T08:00")], ["x"], id="R3-unknown-older-than-remember"),
        pytest.param([*ENDED, beat("13T09:00"), sent("x", "10T08:30")], ["x"], id="R3-remembered-just-so"),
        pytest.param([*ENDED, beat("13T09:00:00.000001"), sent("x", "10T09:00:00.000001")], [],
                     id="R3-forgotten-and-opened-as-if-new"),
        pytest.param([*ENDED, sent("e3", "11T09:00:00.000001"), replied("x", "10T08:30")], ["x"],
                     id="R3-the-arriving-event's-time-counts"),
        pytest.param([*ENDED, replied("x", "10T08:30"), beat("11T09:00:00.000001")], [], id="R3-in-time"),
    ],
)  # fmt: skip
def test_late_events(log: list[bytes], expected: list[str]) -> None:
    assert late(log) == expected


@pytest.mark.parametrize(
    ("until", "pool"),
    [
        pytest.param("12T09:00", "night", id="R3-remembered"),
        pytest.param("13T09:00", "night", id="R3-remembered-just-so"),
        pytest.param("13T09:00:00.000001", "desk", id="R3-forgotten"),
    ],
)
def test_lasting_routing_is_remembered(until: str, pool: str) -> None:
    """R3: that time and its lasting routing alone are kept: the pool, but not the priority."""
    log = [sent("e1", "10T08:00", pool="night", priority="urgent"), replied("e2", "10T09:00"), sent("e3", until)]
    alert = run(book(f"[{clock(FOUR)}]", settings=KEEP), log).alerts[0]
    assert (alert.data.pool, alert.data.priority) == (pool, "routine")


def test_what_an_item_said_is_said_before_it_is_given_up_r3() -> None:
    """One step ends the item and makes it too old: its alert is resolved all the same."""
    log = [sent("e1", "10T08:00"), replied("e2", "10T13:00"), sent("e3", "14T08:00")]
    running = engine(book(f"[{clock(FOUR)}]", settings=KEEP))
    step(running, log[0])
    found = running.advance(at("2026-11-10T12:00")).alerts
    found += step(running, *log[1:]).alerts
    assert [(alert.type, alert.data.reason) for alert in found] == [(alerts.FIRED, None), (alerts.RESOLVED, "missed")]


@pytest.mark.parametrize(
    ("again", "attempts"),
    [
        pytest.param({}, 1, id="R4-the-same-event-twice"),
        pytest.param({"time": "2026-11-10T08:40:00Z"}, 1, id="R4-same-source-and-id-whatever-else"),
        pytest.param({"source": "/other"}, 2, id="R4-another-source"),
        pytest.param({"id": "a2"}, 2, id="R4-another-id"),
    ],
)
def test_the_same_event_twice(again: dict[str, str], attempts: int) -> None:
    look = event("a1", "result.looked_up", "2026-11-10T08:30")
    twice = json.dumps(json.loads(look) | again).encode()
    log = [event("e1", "result.promised", "2026-11-10T08:00"), look, twice, look]
    result = run(book(f"[{clock(FOUR, workflow='result')}]"), log, "2026-11-10T12:00")
    assert [alert.data.attempts for alert in result.alerts] == [attempts]
    assert not result.dead


@pytest.mark.parametrize(("start", "said_at"), [("10T08:00", ["11-10T12:00 missed"]), ("10T07:59:59.999999", [])])
def test_enforce_from(start: str, said_at: list[str]) -> None:
    """Section 3: an open before this starts no cycle, so it can neither fire nor be followed up."""
    judge_by = book(f"[{clock(FOUR)}]", settings="{lead: 0 minutes, enforce_from: 2026-11-10T08:00:00Z}")
    assert said(judge_by, [sent("e1", start)], "2026-11-10T20:00") == said_at


# -- refused in its judgement (T9, R14) --------------------------------------------------------------------------------


def shelves(running: Engine) -> dict[bytes, bytes]:
    return dict(running.items.items()) | dict(running.open.items())


@pytest.mark.parametrize(
    ("refused", "rules"),
    [
        pytest.param(event("x", "message.sent", "2026-11-10T12:00", anchor="2099-12-31T23:00", item="p-9"),
                     "{before: 1 hour}", id="T9-a-stage-after-the-anchor"),
        pytest.param(event("x", "message.assigned", "2026-11-10T12:00", anchor="2099-12-31T23:00"), "{before: 1 hour}",
                     id="T9-of-an-item-that-is-known"),
        pytest.param(event("x", "message.assigned", "2026-11-10T12:00", anchor="2000-01-01T01:00"),
                     "{before: 9 business hours}", id="T9-a-due-before-2000"),
        pytest.param(event("x", "message.sent", "2099-12-31T12:00", item="p-9"), "{within: 9 days}", id="T9-its-time"),
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_judged_is_invalid_and_changes_nothing(refused: bytes, rules: str) -> None:
    """R14: it is a dead letter `invalid`, the partition goes on, and it does not move the time."""
    ladder = "{name: missed, at: due}, {name: late, after: 2 business days}"
    running = engine(book(f"[{clock(rules, ladder)}]", DAY_HOURS))
    step(running, sent("e1", "10T08:00", anchor="2026-11-12T08:00"), sent("e2", "10T11:00", item="p-2"))
    before, times = shelves(running), (running.latest, running.now)
    effects = step(running, refused)
    assert [(dead.ref, dead.reason) for dead in effects.dead] == [(refused, "invalid")]
    assert "calendar c: answers only from 2000-01-01 to 2099-12-31" in effects.dead[0].detail
    assert not effects.alerts
    assert (running.latest, running.now) == times
    assert shelves(running) == before


def test_its_neighbours_in_the_step_are_judged_r14() -> None:
    """R14: the other events of the item in this step were good; nothing is dropped without a reason of its own."""
    ladder = "{name: missed, at: due}, {name: late, after: 2 business days}"
    running = engine(book(f"[{clock('{before: 1 hour}, {within: 9 days}', ladder)}]", DAY_HOURS))
    good = sent("e1", "10T08:00", anchor="2026-11-12T08:00")
    bad = event("x", "message.assigned", "2026-11-10T07:00", anchor="2099-12-31T23:00")
    worse = event("y", "message.assigned", "2026-11-10T08:00", anchor="2099-12-31T23:00")
    effects = step(running, good, bad, worse)
    assert [dead.ref for dead in effects.dead] == [worse]
    assert [item for _, item, _ in running_cycles(running)] == [ITEM]


def test_a_policy_that_cannot_judge_an_item_does_not_stop_the_partition_r14() -> None:
    """R14: nothing stops the partition, not even a policy under which an old anchor reaches past 2099."""
    near = book(f"[{clock('{before: 1 hour}', '{name: missed, at: due, hours: always}')}]", DAY_HOURS)
    far = book(f"[{clock('{before: 1 hour}', '{name: late, after: 2 business days}')}]", DAY_HOURS)
    running = engine(near)
    step(
        running,
        sent("e1", "10T08:00", anchor="2099-12-31T12:00"),
        sent("e2", "10T08:00", "p-2", anchor="2026-11-12T08:00"),
    )
    running.decree(far, at("2026-11-10T09:00"))
    running.adopt(100)
    assert not running.adopting
    assert lines(running.advance(at("2026-11-20T00:00")).alerts) == ["11-14T08:00 late"]


def test_what_an_old_policy_judged_and_the_new_one_cannot_is_refused_r14() -> None:
    """R14, T9: its due is the old policy's, so no answer can be judged; it is neither met nor missed."""
    whole = "{timezone: UTC, hours: {daily: 00:00-24:00}}"
    over = "{timezone: UTC, hours: {}, open: {2020-01-06: 08:00-12:00}}"
    clocks = f"[{clock('{within: 1 business day}')}]"
    running = engine(book(clocks, whole))
    step(running, sent("e1", "10T08:00"))
    running.decree(book(clocks, over), running.now + 1)
    running.adopt(100)
    effects = step(running, replied("e2", "10T20:00"))
    assert [dead.reason for dead in effects.dead] == ["invalid"]
    assert effects.ended == []
    assert [item for _, item, _ in running_cycles(running)] == [ITEM]


# -- a new policy (R13) ------------------------------------------------------------------------------------------------


def under(new: str, *, apply: str = "all", before: str = "10T12:30", after: str = "10T20:00") -> list[str]:
    running = engine(book(f"[{clock(FOUR, LADDER)}]"))
    step(running, sent("e1", "10T08:00"))
    running.advance(at(f"2026-11-{before}"))
    settings = f"{{lead: 0 minutes, apply: {apply}}}"
    running.decree(book(new, ALL_HOURS, settings), at(f"2026-11-{before}"))
    found = running.adopt(10).alerts
    found += step(running, sent("e2", "10T14:00", "p-2")).alerts
    return lines([*found, *running.advance(at(f"2026-11-{after}")).alerts])


@pytest.mark.parametrize(
    ("clocks", "expected"),
    [
        pytest.param(f"[{clock(FOUR, LADDER)}]", ["11-10T16:00 soon", "11-10T18:00 missed"], id="R13-the-same"),
        pytest.param(f"[{clock('{within: 9 hours}', LADDER)}]", [
            "11-10T12:30 missed:resolved policy", "11-10T17:00 missed:20261110T123000Z", "11-10T18:30 soon"],
            id="R13-R6b-a-later-due"),
        pytest.param(f"[{clock(FOUR, LADDER.replace('on_call', 'champion'))}]", [
            "11-10T12:30 missed:resolved policy", "11-10T12:30 missed:20261110T123000Z", "11-10T16:00 soon",
            "11-10T18:00 missed"], id="R13-R6c-other-recipients"),
        pytest.param(f"[{clock(FOUR, '{name: late, after: 6 hours}')}]", [
            "11-10T12:30 soon:resolved policy", "11-10T12:30 missed:resolved policy", "11-10T18:00 late"],
            id="R13-stages-that-are-gone"),
        pytest.param(f"[{clock('{when: {priority: urgent}, within: 4 hours}', LADDER)}]", [
            "11-10T12:30 soon:resolved policy", "11-10T12:30 missed:resolved policy"], id="R13-no-rule-any-more"),
    ],
)  # fmt: skip
def test_a_new_policy_applies_at_once(clocks: str, expected: list[str]) -> None:
    assert sorted(under(clocks)) == sorted(expected)


def test_only_to_cycles_that_start_later_r13() -> None:
    """R13, `apply: new`: the cycle of 08:00 keeps its policy, that of 14:00 has the new one."""
    found = under(f"[{clock('{within: 2 hours}', LADDER)}]", apply="new", before="10T11:00")
    assert found == ["11-10T12:00 missed", "11-10T15:00 soon", "11-10T16:00 missed"]
