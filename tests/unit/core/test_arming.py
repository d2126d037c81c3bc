"""When a stage may fire again (R6), and what holds stages back (R8): what a backtest says, line by line.

The clock counts all hours, in UTC. FOUR gives an item opened at 08:00 its ladder at 10:00 (`soon`, to the pool), 12:00
(`missed`, to whoever is on call) and 13:00 (`late`, to the champion).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.build import book, clock, event, run, said

LADDER = (
    "{name: soon, at: 50%}, {name: missed, at: due, severity: critical, notify: on_call}, "
    "{name: late, after: 1 hour, severity: critical, notify: champion}"
)
FOUR = "{when: {priority: [routine, urgent]}, within: 4 hours}"
EIGHT_IF_ROUTINE = "{when: {priority: urgent}, within: 4 hours}, {when: {priority: routine}, within: 8 hours}"
EYE_ONLY = "{when: {department: eye}, within: 4 hours}"
PLAIN = "{lead: 0 minutes, ack_for: 2 business hours}"
DEPARTMENTS = "{eye: {pool: eye-desk}, ear: {pool: eye-desk}}"
Log = list[bytes]


def told(
    rules: str, log: Log, until: str = "2026-11-10T20:00", settings: str = PLAIN, ladder: str = LADDER
) -> list[str]:
    return said(book(f"[{clock(rules, ladder)}]", settings=settings, departments=DEPARTMENTS), log, until)


def on(time: str) -> str:
    return f"2026-11-10T{time}"


def opened(time: str = "08:00", **data: Any) -> bytes:
    return event("e0", "message.sent", on(time), **data)


def moved(time: str, department: str) -> bytes:
    return event(f"m{time}", "message.assigned", on(time), department=department)


def moves_now(time: str) -> bytes:
    """Another item's event, which nobody calls about: it lets time pass before a late one comes."""
    return event(f"n{time}", "message.closed", on(time), item="p-7")


def command(ident: str, verb: str, time: str, **data: Any) -> bytes:
    return event(ident, f"command.{verb}", on(time), workflow="message", by="dr-lee", **data)


PAUSED = [opened(), event("e1", "message.awaiting_patient", on("11:00")), event("e2", "message.sent", on("13:00"))]


@pytest.mark.parametrize(
    ("rules", "log", "expected"),
    [
        pytest.param(FOUR, [opened()], ["11-10T10:00 soon", "11-10T12:00 missed", "11-10T13:00 late"],
                     id="R5-once-each"),
        pytest.param(FOUR, PAUSED[:2], ["11-10T10:00 soon", "11-10T11:00 soon:resolved paused"],
                     id="R6a-a-pause-resolves-and-nothing-fires-in-it"),
        pytest.param(FOUR, PAUSED, [
            "11-10T10:00 soon", "11-10T11:00 soon:resolved paused", "11-10T13:00 soon:20261110T130000Z",
            "11-10T14:00 missed:20261110T130000Z", "11-10T15:00 late:20261110T130000Z"],
            id="R6a-a-resume-arms-the-whole-ladder"),
        pytest.param(FOUR, [opened(), event("e1", "message.awaiting_patient", on("08:30")),
                            event("e2", "message.sent", on("09:30"))], [
            "11-10T11:00 soon:20261110T093000Z", "11-10T13:00 missed:20261110T093000Z",
            "11-10T14:00 late:20261110T093000Z"], id="R6a-even-what-had-not-fired"),
        pytest.param(EYE_ONLY, [opened(department="eye"), moved("11:00", "ear")],
                     ["11-10T10:00 soon", "11-10T11:00 soon:resolved moved"], id="R6a-the-loss-of-the-rule"),
        pytest.param(EYE_ONLY, [opened(department="eye"), moved("11:00", "ear"), moved("11:30", "eye")],
                     ["11-10T10:00 soon", "11-10T11:00 soon:resolved moved", "11-10T11:30 soon:20261110T113000Z",
                      "11-10T12:00 missed:20261110T113000Z", "11-10T13:00 late:20261110T113000Z"],
                     id="R6a-a-rule-regained"),
        pytest.param(EYE_ONLY, [opened(department="ear"), moved("11:00", "eye")],
                     ["11-10T11:00 soon", "11-10T12:00 missed", "11-10T13:00 late"],
                     id="R6a-a-first-rule-is-no-regain"),
        pytest.param(EIGHT_IF_ROUTINE, [opened(priority="urgent"),
                                        event("e1", "message.assigned", on("10:30"), priority="routine")],
                     ["11-10T10:00 soon", "11-10T10:30 soon:resolved moved", "11-10T12:00 soon:20261110T103000Z",
                      "11-10T16:00 missed", "11-10T17:00 late"], id="R6b-its-time-lies-ahead-again"),
        pytest.param(EIGHT_IF_ROUTINE, [opened(priority="urgent"),
                                        event("e1", "message.assigned", on("12:30"), priority="routine")],
                     ["11-10T10:00 soon", "11-10T12:00 missed", "11-10T12:30 missed:resolved moved",
                      "11-10T16:00 missed:20261110T123000Z", "11-10T17:00 late"], id="R6b-what-is-not-ahead-goes-on"),
        pytest.param(FOUR, [opened(), event("e1", "message.assigned", on("10:30"), pool="night")],
                     ["11-10T10:00 soon", "11-10T10:30 soon:20261110T103000Z", "11-10T10:30 soon:resolved moved",
                      "11-10T12:00 missed", "11-10T13:00 late"], id="R6c-other-recipients"),
        pytest.param(FOUR, [opened(pool="day"), event("e1", "message.assigned", on("10:30"), pool="day", owner="o")],
                     ["11-10T10:00 soon", "11-10T12:00 missed", "11-10T13:00 late"], id="R6c-the-same-recipients"),
        pytest.param(FOUR, [opened(), event("e1", "message.assigned", on("12:30"), pool="night")],
                     ["11-10T10:00 soon", "11-10T12:00 missed", "11-10T12:30 soon:20261110T123000Z",
                      "11-10T12:30 soon:resolved moved", "11-10T13:00 late"], id="R6c-only-whose-recipients-change"),
    ],
)  # fmt: skip
def test_what_fires_again(rules: str, log: Log, expected: list[str]) -> None:
    assert told(rules, log) == expected


def test_a_rule_whose_loss_a_late_event_undoes_r6a() -> None:
    """R6 (a): the clock had none when it was decided and has one again; the item is overdue, so somebody is called."""
    rules, ladder = "{when: {pool: day}, within: 1 hour}", "{name: missed, at: due}"
    lost = event("e1", "message.assigned", on("10:00"), department="ear")
    kept = event("e2", "message.assigned", on("09:59"), department="ear", pool="day")
    log = [opened(department="eye", pool="day"), lost, moves_now("11:00"), kept]
    assert told(rules, log, ladder=ladder) == [
        "11-10T09:00 missed", "11-10T10:00 missed:resolved moved", "11-10T11:00 missed:20261110T095900Z",
    ]  # fmt: skip


def test_a_due_that_only_late_events_took_and_gave_back_r6a() -> None:
    """R6 (a): by the history alone it first has a due at 11:00; but one was said, and lost, before."""
    rules, ladder = "{when: {department: eye}, before: 1 hour}, {within: 1 hour}", "{name: missed, at: due}"
    first = event("d9", "message.sent", on("08:00"), department="eye")
    back = event("e2", "message.assigned", on("11:00"), department="ear")
    log = [opened(), moves_now("10:00"), first, back]
    assert told(rules, log, ladder=ladder) == [
        "11-10T09:00 missed", "11-10T10:00 missed:resolved moved", "11-10T11:00 missed:20261110T110000Z",
    ]  # fmt: skip


def test_a_loss_and_regain_that_a_late_event_undoes_r6a() -> None:
    """R6 (a): lost, regained, lost again as decided; then a late event shows that it was never lost."""
    rules, ladder = "{when: {pool: day}, within: 1 hour}", "{name: missed, at: due}"
    moves = [event("e1", "message.assigned", on("10:00"), department="ear"),
             event("e2", "message.assigned", on("10:30"), pool="day"),
             event("e3", "message.assigned", on("11:00"), department="eye")]  # fmt: skip
    kept = [event("e4", "message.assigned", on("09:58"), department="ear", pool="day"),
            event("e5", "message.assigned", on("10:59"), department="eye", pool="day")]  # fmt: skip
    log = [opened(department="eye", pool="day"), *moves, moves_now("12:00"), *kept]
    assert told(rules, log, ladder=ladder) == [
        "11-10T09:00 missed", "11-10T10:00 missed:resolved moved", "11-10T10:30 missed:20261110T103000Z",
        "11-10T11:00 missed:20261110T103000Z:resolved moved", "11-10T12:00 missed:20261110T105900Z",
    ]  # fmt: skip


def test_a_cycle_that_runs_again_after_its_end_r6a() -> None:
    """R6 (a), R15: a late anchor shows that it had not expired; the arming is that event's time."""
    later = event("e1", "message.assigned", "2026-11-12T08:00", anchor="2026-11-14T08:00")
    log = [opened(), event("n", "message.closed", "2026-11-13T09:00", item="p-7"), later]
    found = told(FOUR, log, "2026-11-17T08:00", "{lead: 0 minutes, max_age: 3 days}", "{name: missed, at: due}")
    assert found == [
        "11-10T12:00 missed", "11-13T08:00 missed:resolved expired", "11-13T09:00 missed:20261112T080000Z",
        "11-17T08:00 missed:20261112T080000Z:resolved expired",
    ]  # fmt: skip


def test_armed_anew_at_least_a_microsecond_later_r6() -> None:
    """R6: two events of one time, in two steps, arm `soon` twice; one id never means two alerts."""
    log = [opened(), event("e1", "message.assigned", on("10:30"), pool="night"), moves_now("10:40"),
           event("e2", "message.assigned", on("10:30"), pool="dawn")]  # fmt: skip
    assert told(FOUR, log, on("11:00")) == [
        "11-10T10:00 soon", "11-10T10:30 soon:20261110T103000Z", "11-10T10:30 soon:resolved moved",
        "11-10T10:40 soon:20261110T103000.000001Z", "11-10T10:40 soon:20261110T103000Z:resolved moved",
    ]  # fmt: skip


def test_armed_anew_later_though_nothing_was_said_r6() -> None:
    """R6: a late event moves the last resume back; the stages had been armed at 09:30, so it is a microsecond later."""
    log = [opened(), event("e1", "message.awaiting_patient", on("08:30")), event("e2", "message.sent", on("09:30")),
           moves_now("09:40"), event("e3", "message.sent", on("09:00"))]  # fmt: skip
    assert told(FOUR, log, on("11:00")) == ["11-10T10:30 soon:20261110T093000.000001Z"]


def test_the_arming_is_the_latest_event_of_the_step_r6() -> None:
    """R6: by time, then id; not the moment at which it was decided."""
    log = [opened(), moves_now("11:00"), event("e2", "message.assigned", on("10:20"), pool="night"),
           event("e1", "message.assigned", on("10:10"), pool="dawn")]  # fmt: skip
    assert told(FOUR, log, on("11:00"))[1:] == ["11-10T11:00 soon:20261110T102000Z", "11-10T11:00 soon:resolved moved"]


def test_the_arming_of_a_regain_is_the_regain_r6() -> None:
    """R6: the time of the event that did it in the history, even if a later event is in the step too."""
    log = [opened(department="eye"), event("e1", "message.assigned", on("08:30"), department="ear"), moves_now("11:00"),
           event("e2", "message.assigned", on("09:00"), department="eye"),
           event("e3", "message.assigned", on("10:30"), owner="o")]  # fmt: skip
    assert told(EYE_ONLY, log, on("11:00")) == ["11-10T11:00 soon:20261110T090000Z"]


def test_those_in_whose_name_it_fired_are_armed_with_it_r6c() -> None:
    """R6 (c): `late` fired in the name of all three at once; with other recipients all three are armed anew."""
    log = [opened(), event("e1", "message.assigned", on("13:30"), priority="urgent"),
           event("e2", "message.assigned", on("14:00"), pool="night")]  # fmt: skip
    rules = "{when: {priority: urgent}, within: 4 hours}, {within: 9 days}"
    found = run(book(f"[{clock(rules, LADDER)}]", settings=PLAIN), log, on("14:00")).alerts
    assert [(a.data.stage, a.data.recipients) for a in found if a.data.state == "firing"] == [
        ("late", ["desk", "first", "boss"]), ("late", ["night", "first", "boss"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        pytest.param([command("c1", "acknowledged", "09:30")],
                     ["11-10T09:30 acknowledged:c1", "11-10T11:30 soon", "11-10T12:00 missed", "11-10T13:00 late"],
                     id="R8-held-for-ack_for"),
        pytest.param([command("c1", "acknowledged", "09:30"), command("c2", "acknowledged", "09:45")],
                     ["11-10T09:30 acknowledged:c1", "11-10T09:45 acknowledged:c2", "11-10T11:45 soon",
                      "11-10T12:00 missed", "11-10T13:00 late"], id="R8-acknowledged-twice"),
        pytest.param([command("c1", "acknowledged", "12:30")],
                     ["11-10T10:00 soon", "11-10T12:00 missed", "11-10T12:30 acknowledged:c1", "11-10T13:00 late"],
                     id="R8-the-stages-after-the-due-fire"),
        pytest.param([command("c1", "snoozed", "09:00", until="2026-11-10T11:45:00")],
                     ["11-10T11:45 soon", "11-10T12:00 missed", "11-10T13:00 late"], id="R8-snoozed"),
        pytest.param([command("c1", "snoozed", "09:00", until="2026-11-10T11:45:00"),
                      command("c2", "snoozed", "09:30", until="2026-11-10T10:30:00")],
                     ["11-10T10:30 soon", "11-10T12:00 missed", "11-10T13:00 late"], id="R8-the-last-snooze-counts"),
        pytest.param([command("c1", "acknowledged", "09:30"), event("e1", "message.awaiting_patient", on("09:40")),
                      event("e2", "message.sent", on("09:50"))],
                     ["11-10T09:30 acknowledged:c1", "11-10T10:10 soon:20261110T095000Z",
                      "11-10T12:10 missed:20261110T095000Z", "11-10T13:10 late:20261110T095000Z"],
                     id="R8-a-resume-ends-the-acknowledge"),
        pytest.param([event("e1", "message.awaiting_patient", on("09:40")), event("e2", "message.sent", on("09:50")),
                      command("c1", "acknowledged", "09:50")],
                     ["11-10T09:50 acknowledged:c1", "11-10T11:50 soon:20261110T095000Z",
                      "11-10T12:10 missed:20261110T095000Z", "11-10T13:10 late:20261110T095000Z"],
                     id="R8-a-resume-of-its-instant-comes-before-it"),
        pytest.param([event("e1", "message.awaiting_patient", on("09:40")), command("c1", "acknowledged", "09:45"),
                      event("e2", "message.sent", on("09:50"))],
                     ["11-10T09:45 acknowledged:c1", "11-10T10:10 soon:20261110T095000Z",
                      "11-10T12:10 missed:20261110T095000Z", "11-10T13:10 late:20261110T095000Z"],
                     id="R8-a-notice-in-a-pause-too"),
        pytest.param([command("c1", "snoozed", "09:00", until="2026-11-10T11:45:00"),
                      event("e1", "message.awaiting_patient", on("09:40")), event("e2", "message.sent", on("09:50"))],
                     ["11-10T11:45 soon:20261110T095000Z", "11-10T12:10 missed:20261110T095000Z",
                      "11-10T13:10 late:20261110T095000Z"], id="R8-a-resume-does-not-end-a-snooze"),
        pytest.param([command("c1", "acknowledged", "10:15"),
                      event("e1", "message.assigned", on("10:30"), pool="night")],
                     ["11-10T10:00 soon", "11-10T10:15 acknowledged:c1", "11-10T10:30 soon:20261110T103000Z",
                      "11-10T10:30 soon:resolved moved", "11-10T12:00 missed", "11-10T13:00 late"],
                     id="R8-other-recipients-end-the-acknowledge"),
    ],
)  # fmt: skip
def test_what_is_held_back(commands: Log, expected: list[str]) -> None:
    assert told(FOUR, [opened(), *commands]) == expected


def test_a_regained_rule_ends_the_acknowledge_r8() -> None:
    log = [opened(department="eye"), command("c1", "acknowledged", "09:30"),
           event("e1", "message.assigned", on("09:40"), department="ear"),
           event("e2", "message.assigned", on("09:50"), department="eye")]  # fmt: skip
    assert told(EYE_ONLY, log, on("11:00")) == ["11-10T09:30 acknowledged:c1", "11-10T10:00 soon:20261110T095000Z"]


def test_an_early_stage_held_back_until_the_due_r8() -> None:
    """R8: `missed` always fires, in the name too of an early stage held back until then, and only it fires."""
    log = [opened(), command("c1", "snoozed", "09:00", until="2026-11-10T18:00:00")]
    found = run(book(f"[{clock(FOUR, LADDER)}]", settings=PLAIN), log, on("12:00")).alerts
    assert [(a.data.stage, a.data.notify, a.data.recipients) for a in found] == [
        ("missed", ["pool", "on_call"], ["desk", "first"]),
    ]  # fmt: skip


def test_a_snooze_ends_with_its_cycle_r8() -> None:
    log = [opened(), command("c1", "snoozed", "08:30", until="2026-11-10T18:00:00"),
           event("e1", "message.replied", on("09:00")), event("e2", "message.sent", on("09:30"))]  # fmt: skip
    assert told(FOUR, log, on("12:00")) == ["11-10T11:30 soon"]


def test_hold_and_hours_together_r8() -> None:
    """R8, T7: held until 19:00 in closed time, the early stage fires at the next opening."""
    ladder = "{name: soon, at: 25%}, {name: missed, at: due}"
    judge_by = book(f"[{clock('{within: 2 business days}', ladder)}]", "{timezone: UTC, hours: {daily: 08:00-18:00}}")
    log = [opened(), command("c1", "snoozed", "09:00", until="2026-11-10T19:00:00")]
    assert said(judge_by, log, "2026-11-11T20:00") == ["11-11T08:00 soon"]
