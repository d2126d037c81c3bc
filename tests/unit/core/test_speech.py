"""What one clock says of one cycle: R2 and R7 (outcomes), R5, R9 and R10, line by line and field by field.

The clock counts all hours, in UTC, unless a test says otherwise; an item opened at 08:00 is due at 12:00.
"""

from __future__ import annotations

from typing import Any

import pytest

from schemas.events import Action, Event
from tests.contract.build import DAY_HOURS, ITEM, at, book, clock, engine, entry, event, lines, run, said

A = Action

LADDER = "{name: soon, at: 50%}, {name: missed, at: due, severity: critical, notify: on_call}"
FOUR = "{within: 4 hours}"


def on(time: str) -> str:
    return f"2026-11-10T{time}"


def opened(**data: Any) -> bytes:
    return event("e0", "message.sent", on("08:00"), **data)


@pytest.mark.parametrize(
    ("verb", "time", "expected"),
    [
        pytest.param("replied", "11:00", ["11-10T10:00 soon", "11-10T11:00 soon:resolved met"], id="R7-met"),
        pytest.param("closed", "11:00", ["11-10T10:00 soon", "11-10T11:00 soon:resolved met"], id="R7-closed-is-met"),
        pytest.param("replied", "12:00", ["11-10T10:00 soon", "11-10T12:00 soon:resolved met"],
                     id="R2-R5-a-stop-at-the-due-is-met-and-comes-before-its-stage"),
        pytest.param("replied", "12:00:00.000001", ["11-10T10:00 soon", "11-10T12:00 missed",
                     "11-10T12:00:00.000001 missed:resolved missed", "11-10T12:00:00.000001 soon:resolved missed"],
                     id="R2-a-microsecond-later-is-missed"),
    ],
)  # fmt: skip
def test_the_end_of_a_cycle_resolves_what_fires(verb: str, time: str, expected: list[str]) -> None:
    log = [opened(), event("e1", f"message.{verb}", on(time))]
    assert said(book(f"[{clock(FOUR, LADDER)}]"), log, on("20:00")) == expected


def test_a_cancelled_cycle_r7() -> None:
    log = [event("e0", "result.promised", on("08:00")), event("e1", "result.cancelled", on("13:00"))]
    found = said(book(f"[{clock(FOUR, workflow='result')}]"), log, on("20:00"))
    assert found == ["11-10T12:00 missed", "11-10T13:00 missed:resolved cancelled"]


def test_expiry_comes_before_a_stage_of_its_instant_r5() -> None:
    """R5, R15: the item expires at 11:00 the next day, when `late` would come too."""
    ladder = "{name: missed, at: due}, {name: late, after: 23 hours}"
    found = said(book(f"[{clock(FOUR, ladder)}]", settings="{lead: 0 minutes, max_age: 27 hours}"), [opened()])
    assert found == ["11-10T12:00 missed", "11-11T11:00 missed:resolved expired"]


def test_a_due_that_was_moved_by_the_time_of_the_stop_r2() -> None:
    """R2: the outcome is by the due in force at the end, and event time decides, not arrival."""
    rules = "{when: {priority: urgent}, within: 1 hour}, {within: 9 hours}"
    log = [opened(priority="urgent"), event("e1", "message.replied", on("11:00"), priority="routine")]
    assert said(book(f"[{clock(rules)}]"), log, on("20:00")) == [
        "11-10T09:00 missed",
        "11-10T11:00 missed:resolved met",
    ]


@pytest.mark.parametrize("outcome", ["met", "missed"])
def test_without_a_due_a_stopped_cycle_is_met_r2(outcome: str) -> None:
    """R2: met if it has none; seen where the due goes with the stop's own routing."""
    rules = "{when: {priority: urgent}, within: 1 hour}, {before: 1 hour}"
    data = {"priority": "routine"} if outcome == "met" else {}
    log = [opened(priority="urgent"), event("e1", "message.replied", on("11:00"), **data)]
    assert said(book(f"[{clock(rules)}]"), log, on("20:00"))[1] == f"11-10T11:00 missed:resolved {outcome}"


def test_of_several_due_at_once_the_last_fires_in_the_name_of_all_r5() -> None:
    """R5: `notify` has the targets of all of them, in the order of the stages, each once."""
    ladder = (
        "{name: a, at: 10%, notify: champion}, {name: b, at: 20%}, {name: c, at: 30%, notify: champion}, "
        "{name: d, at: due, severity: critical, notify: on_call}, {name: e, after: 9 hours}"
    )
    rules = "{when: {priority: urgent}, within: 4 hours}, {within: 90 days}"
    log = [opened(), event("e1", "message.assigned", on("13:00"), priority="urgent")]
    (alert,) = run(book(f"[{clock(rules, ladder)}]"), log, on("20:00")).alerts
    assert (alert.data.stage, alert.data.severity) == ("d", "critical")
    assert alert.data.notify == ["champion", "pool", "on_call"]
    assert alert.data.recipients == ["boss", "desk", "first"]
    assert (alert.data.stage_at, alert.data.fired_at) == (f"{on('12:00')}:00Z", f"{on('13:00')}:00Z")


def test_recipients_are_each_named_once_r5() -> None:
    ladder = "{name: a, at: 10%, notify: owner}, {name: b, at: due, notify: pool}"
    log = [opened(), event("e1", "message.assigned", on("13:00"), priority="urgent")]
    rules = "{when: {priority: urgent}, within: 4 hours}, {within: 90 days}"
    (alert,) = run(book(f"[{clock(rules, ladder)}]"), log, on("20:00")).alerts
    assert alert.data.notify == ["owner", "pool"]
    assert alert.data.recipients == ["desk"], "the owner is nobody yet, so it is the pool"


def test_what_its_hours_do_not_yet_allow_is_skipped_r5() -> None:
    """R5: at 20:00 the clinic is closed, so `a` and `b` must wait; `c` may fire, in their name, and they never do."""
    ladder = "{name: a, at: 10%}, {name: b, at: 20%}, {name: c, at: due, hours: always}"
    rules = "{when: {priority: urgent}, within: 4 hours}, {within: 90 days}"
    log = [opened(), event("e1", "message.assigned", on("20:00"), priority="urgent")]
    found = run(book(f"[{clock(rules, ladder)}]", DAY_HOURS), log, "2026-11-12T20:00").alerts
    assert [alert.data.stage for alert in found] == ["c"]


def test_a_stage_of_a_closed_clinic_waits_for_its_opening_r5() -> None:
    """R5: a change at 20:00 makes `a` overdue; it fires at 08:00, the first moment that its hours allow."""
    rules = "{when: {priority: urgent}, within: 4 hours}, {within: 9 days}"
    log = [opened(), event("e1", "message.assigned", on("20:00"), priority="urgent")]
    (alert,) = run(book(f"[{clock(rules)}]", DAY_HOURS), log, "2026-11-12T20:00").alerts
    assert alert.time == "2026-11-11T08:00:00Z"
    assert alert.data.stage_at == f"{on('12:00')}:00Z"


def test_each_clock_has_its_own_ladder() -> None:
    clocks = f"[{clock(FOUR, name='one')}, {clock('{within: 5 hours}', name='two')}]"
    found = run(book(clocks), [opened()], on("20:00")).alerts
    assert [(a.data.clock, a.time) for a in found] == [("one", f"{on('12:00')}:00Z"), ("two", f"{on('13:00')}:00Z")]


# -- attempts (R9) -----------------------------------------------------------------------------------------------------

TRIES = ", attempts: {count: 2, within: 1 hours, severity: critical, notify: champion}"


def looked(*times: str) -> list[bytes]:
    return [event(f"a{time}", "result.looked_up", on(time)) for time in times]


def attempts(log: list[bytes]) -> list[str]:
    judge_by = book(f"[{clock(FOUR, more=TRIES, workflow='result')}]", DAY_HOURS)
    return said(judge_by, [event("e0", "result.promised", on("08:00")), *log], on("23:00"))


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(looked("09:00", "09:30"), ["11-10T09:30 attempts", "11-10T12:00 missed"],
                     id="R9-beside-the-ladder"),
        pytest.param(looked("09:00", "09:30", "09:40", "09:50"), ["11-10T09:30 attempts", "11-10T12:00 missed"],
                     id="R9-once-per-cycle"),
        pytest.param(looked("09:00", "10:30"), ["11-10T12:00 missed"], id="R9-too-far-apart"),
        pytest.param([*looked("09:00", "09:30"),
                      event("c", "result.assigned", on("09:40"), department="eye", pool="p")],
                     ["11-10T09:30 attempts", "11-10T12:00 missed"], id="R9-R6-does-not-touch-it"),
        pytest.param([event("c", "command.snoozed", on("08:30"), workflow="result", by="o", until=on("11:00")),
                      *looked("09:00", "09:30")], ["11-10T09:30 attempts", "11-10T12:00 missed"],
                     id="R9-a-snooze-does-not-touch-it"),
        pytest.param([*looked("09:00", "09:30"), event("c", "result.released", on("10:00"))],
                     ["11-10T09:30 attempts", "11-10T10:00 attempts:resolved met"], id="R7-its-end-resolves-it"),
        pytest.param([*looked("09:00", "09:30"), event("c", "result.released", on("10:00")),
                      event("d", "result.promised", on("10:30")), *looked("10:40", "10:50")],
                     ["11-10T09:30 attempts", "11-10T10:00 attempts:resolved met", "11-10T10:50 attempts",
                      "11-10T14:30 missed"], id="R9-each-cycle-counts-its-own"),
    ],
)  # fmt: skip
def test_attempts(log: list[bytes], expected: list[str]) -> None:
    assert attempts(log) == expected


def test_attempts_through_pauses_r9() -> None:
    """R9: a pause delays it, with its `stage_at`; once it fires, the next pause resolves the ladder and not it."""
    judge_by = book(f"[{clock('{within: 2 hours}', LADDER, TRIES, 'result')}]", DAY_HOURS)
    moves = [(A.OPEN, "08:00"), (A.ATTEMPT, "09:00"), (A.PAUSE, "09:05"), (A.ATTEMPT, "09:30"), (A.RESUME, "10:00"),
             (A.PAUSE, "10:30")]  # fmt: skip
    found = []
    running = engine(judge_by)
    for n, (action, time) in enumerate(moves):
        found += running.advance(at(on(time)) - 1).alerts
        found += running.step([(Event.of("result", ITEM, "", entry(action, on(time), f"e{n}")), None)]).alerts
    assert lines([*found, *running.advance(at(on("20:00"))).alerts]) == [
        "11-10T09:00 soon", "11-10T09:05 soon:resolved paused", "11-10T10:00 soon:20261110T100000Z",
        "11-10T10:00 attempts", "11-10T10:30 soon:20261110T100000Z:resolved paused",
    ]  # fmt: skip
    assert found[3].data.stage_at == f"{on('10:00')}:00Z"


def test_attempts_name_their_count_and_target_r9() -> None:
    judge_by = book(f"[{clock(FOUR, more=TRIES, workflow='result')}]", DAY_HOURS)
    log = [event("e0", "result.promised", on("08:00")), *looked("17:30", "18:10")]
    alert = run(judge_by, log, "2026-11-11T09:00").alerts[-1]
    assert alert.id == "result:p-4821:reply:20261110T080000Z:attempts"
    assert (alert.data.attempts, alert.data.severity, alert.data.recipients) == (2, "critical", ["boss"])
    assert (alert.time, alert.data.stage_at) == ("2026-11-11T08:00:00Z", "2026-11-11T08:00:00Z")


# -- too early (R10) ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stop", "verb", "count"),
    [
        pytest.param("09:59:59.999999", "released", 1, id="R10-before-the-floor"),
        pytest.param("10:00", "released", 0, id="R10-at-the-floor"),
        pytest.param("09:00", "cancelled", 0, id="R10-a-cancel-is-no-stop"),
    ],
)
def test_a_stop_before_the_floor(stop: str, verb: str, count: int) -> None:
    judge_by = book(f"[{clock('{within: 4 hours, not_before: 2 hours}', workflow='result')}]")
    log = [event("e0", "result.promised", on("08:00"), owner="o"), event("e1", f"result.{verb}", on(stop))]
    found = run(judge_by, log, on("20:00")).alerts
    assert len(found) == count
    for alert in found:
        assert alert.id == "result:p-4821:reply:20261110T080000Z:too-early"
        assert (alert.data.state, alert.data.severity) == ("notice", "warning")
        assert (alert.data.notify, alert.data.recipients) == (["pool"], ["desk"])
        assert (alert.data.stage_at, alert.data.closed_at) == (f"{on(stop)}Z", f"{on(stop)}Z")
        assert alert.data.fired_at is None


def test_too_early_is_said_once_per_cycle_and_clock_r10() -> None:
    """R10: a late stop that came even earlier changes the end, not what was said."""
    judge_by = book(f"[{clock('{within: 4 hours, not_before: 2 hours}', workflow='result')}]")
    log = [event("e0", "result.promised", on("08:00")), event("e1", "result.released", on("09:30")),
           event("e2", "result.released", on("09:00"))]  # fmt: skip
    assert said(judge_by, log, on("20:00")) == ["11-10T09:30 too-early"]
