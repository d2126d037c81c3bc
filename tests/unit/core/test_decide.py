"""One decision about one item: R7 (whose what was said is, after a late event), R8's notices, R14's missing anchor.

The clock counts all hours, in UTC; an item opened at 08:00 is due at 12:00.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.build import DAY_HOURS, book, clock, event, lines, run, said

FOUR = "{within: 4 hours}"
LADDER = "{name: soon, at: 50%}, {name: missed, at: due, severity: critical, notify: on_call}"


def on(time: str) -> str:
    return f"2026-11-10T{time}"


def sent(ident: str, time: str, **data: Any) -> bytes:
    return event(ident, "message.sent", on(time), **data)


def replied(ident: str, time: str) -> bytes:
    return event(ident, "message.replied", on(time))


def later(time: str) -> bytes:
    """Another item's event: it moves now, so that what comes after it is late."""
    return event(f"n{time}", "message.closed", on(time), item="p-7")


def told(log: list[bytes], rules: str = FOUR, ladder: str = LADDER, until: str = "15:00") -> list[str]:
    """Each line with the start of its cycle."""
    found = run(book(f"[{clock(rules, ladder)}]"), log, on(until)).alerts
    return [f"{(a.data.opened_at or '')[11:16]} {text}" for a, text in zip(found, lines(found), strict=True)]


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param([sent("e1", "08:00"), later("11:00"), sent("e0", "07:30")], [
            "08:00 11-10T10:00 soon", "07:30 11-10T11:30 missed"], id="R7-an-earlier-start-takes-what-was-said"),
        pytest.param([sent("e1", "08:00"), later("11:00"), sent("e0", "07:30"), replied("e2", "14:00")], [
            "08:00 11-10T10:00 soon", "07:30 11-10T11:30 missed", "07:30 11-10T14:00 missed:resolved missed",
            "08:00 11-10T14:00 soon:resolved missed"], id="R7-alerts-said-keep-their-ids"),
        pytest.param([sent("e1", "08:00"), sent("e3", "09:00"), later("11:00"), replied("e2", "08:30")], [
            "08:00 11-10T10:00 soon", "08:00 11-10T11:00 soon:resolved met", "09:00 11-10T11:00 soon",
            "09:00 11-10T13:00 missed"], id="R7-a-late-stop-splits-it"),
        pytest.param([sent("e1", "08:00"), later("11:00"), sent("e0", "07:00"), replied("e2", "07:30")], [
            "08:00 11-10T10:00 soon", "08:00 11-10T12:00 missed"], id="R7-an-earlier-cycle-of-its-own"),
        pytest.param([sent("e1", "08:00"), later("11:00"), sent("e0", "07:00"), replied("e2", "08:00")], [
            "08:00 11-10T10:00 soon", "08:00 11-10T12:00 missed"],
            id="R7-the-cycle-that-starts-there-before-one-that-ends-there"),
        pytest.param([sent("e1", "08:00"), replied("e2", "09:00"), sent("e3", "10:00"), later("12:30"),
                      sent("e0", "08:30"), event("e4", "message.awaiting_patient", on("08:50"))], [
            "10:00 11-10T12:00 soon", "10:00 11-10T14:00 missed"], id="R7-nothing-changes-for-the-other-cycle"),
    ],
)  # fmt: skip
def test_what_was_said_goes_with_its_cycle(log: list[bytes], expected: list[str]) -> None:
    assert told(log) == expected


def test_two_cycles_that_become_one_with_the_first_r7() -> None:
    """R7: a late open at the instant of the first stop makes a cycle whose span holds the second one's start."""
    log = [sent("e1", "08:00"), replied("e2", "08:10"), sent("e3", "09:00"), later("11:30"), sent("e4", "08:10")]
    assert told(log, until="13:30") == ["09:00 11-10T11:00 soon", "08:10 11-10T12:10 missed"]


def test_an_earlier_one_has_taken_that_cycle_r7() -> None:
    """R7: a late anchor shows that the first cycle had not expired; what was said of the second is resolved."""
    log = [sent("e1", "08:00"), event("e2", "message.sent", "2026-11-13T09:00"),
           event("n", "message.closed", "2026-11-13T11:30", item="p-7"),
           event("e3", "message.assigned", "2026-11-12T08:00", anchor="2026-11-14T08:00")]  # fmt: skip
    judge_by = book(f"[{clock(FOUR, LADDER)}]", settings="{lead: 0 minutes, max_age: 3 days}")
    found = run(judge_by, log, "2026-11-13T15:00").alerts
    assert [f"{(a.data.opened_at or '')[8:13]} {text}" for a, text in zip(found, lines(found), strict=True)][2:] == [
        "10T08 11-13T08:00 missed:resolved expired", "10T08 11-13T08:00 soon:resolved expired",
        "13T09 11-13T11:00 soon", "10T08 11-13T11:30 missed:20261112T080000Z", "13T09 11-13T11:30 soon:resolved moved",
    ]  # fmt: skip


# -- notices of acknowledgements (R8) ----------------------------------------------------------------------------------


def acknowledged(ident: str, time: str, **data: Any) -> bytes:
    return event(ident, "command.acknowledged", on(time), workflow="message", by="dr-lee", **data)


def test_a_notice_for_each_clock_that_judges_it_r8() -> None:
    clocks = [clock(FOUR, name="one"), clock("{when: {department: eye}, within: 1 hour}", name="two"),
              clock("{before: 1 hour}", name="three")]  # fmt: skip
    found = run(book(f"[{', '.join(clocks)}]"), [sent("e1", "08:00"), acknowledged("c1", "09:00")], on("09:00")).alerts
    assert [alert.id for alert in found] == [
        "message:p-4821:one:20261110T080000Z:acknowledged:c1", "message:p-4821:three:20261110T080000Z:acknowledged:c1",
    ]  # fmt: skip
    for alert in found:
        assert (alert.data.by, alert.data.state, alert.data.stage) == ("dr-lee", "notice", "acknowledged")
        unsaid = (
            alert.data.severity,
            alert.data.notify,
            alert.data.recipients,
            alert.data.stage_at,
            alert.data.fired_at,
        )
        assert unsaid == (None,) * 5


def test_by_the_routing_when_it_is_decided_r8() -> None:
    """R8: the command itself moves it to a department that the clock judges; its routing applies before its action."""
    rules = "{when: {department: eye}, within: 1 hour}"
    assert told([sent("e1", "08:00"), acknowledged("c1", "09:00", department="eye")], rules)[0].endswith(
        "acknowledged:c1"
    )
    assert told([sent("e1", "08:00", department="eye"), acknowledged("c1", "08:30", department="ear")], rules) == []


def test_one_notice_for_each_clock_whatever_comes_late_r8() -> None:
    """R8: a late stop puts the acknowledge into the next cycle; it has given its notice."""
    log = [
        sent("e1", "08:00"),
        sent("e2", "09:00"),
        acknowledged("c1", "09:30"),
        later("09:40"),
        replied("e3", "08:30"),
    ]
    assert told(log, until="09:50") == ["08:00 11-10T09:30 acknowledged:c1"]


def test_an_acknowledge_without_a_cycle_says_nothing_r8() -> None:
    assert told([acknowledged("c1", "07:00"), sent("e1", "08:00")], until="09:00") == []


def test_two_commands_with_one_id_are_two_by_their_source_r8() -> None:
    """R4 knows an event by source and id; the notice's id has the id alone, and is said once."""
    other = json.loads(acknowledged("c1", "09:10")) | {"source": "/other"}
    log = [sent("e1", "08:00"), acknowledged("c1", "09:00"), json.dumps(other).encode()]
    assert told(log, until="09:30") == ["08:00 11-10T09:00 acknowledged:c1"]


# -- a missing anchor (R14) --------------------------------------------------------------------------------------------

BEFORE = "{when: {department: eye}, before: 1 hour}, {within: 4 hours}"


def dead(log: list[bytes], rules: str = BEFORE) -> list[tuple[str, str]]:
    found = run(book(f"[{clock(rules)}]", DAY_HOURS), log, on("20:00")).dead
    return [(each.reason, json.loads(each.line)["id"]) for each in found]


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param([sent("e1", "08:00", department="eye")], ["e1"], id="R14-at-the-open"),
        pytest.param([sent("e1", "08:00", department="eye", anchor=on("17:00"))], [], id="R14-with-an-anchor"),
        pytest.param([sent("e1", "08:00"), event("e2", "message.assigned", on("09:00"), department="eye")], ["e2"],
                     id="R14-when-it-moves-to-such-a-rule"),
        pytest.param([sent("e1", "08:00", department="eye"), sent("e2", "09:00"), sent("e3", "10:00")], ["e1"],
                     id="R14-copied-once"),
        pytest.param([sent("e1", "08:00", department="eye"),
                      event("e2", "message.assigned", on("09:00"), department="ear"),
                      event("e3", "message.assigned", on("10:00"), department="eye")], ["e1", "e3"],
                     id="R14-each-event-that-brings-the-lack"),
        pytest.param([sent("e1", "08:00", department="eye"), replied("e2", "09:00"), sent("e3", "10:00")], ["e1", "e3"],
                     id="R14-each-cycle-needs-its-own"),
        pytest.param([sent("e1", "08:00", department="eye"), sent("e2", "08:00", owner="o")], ["e2"],
                     id="R14-the-latest-of-the-step"),
    ],
)  # fmt: skip
def test_a_missing_anchor(log: list[bytes], expected: list[str]) -> None:
    assert dead(log) == [("anchor_missing", ident) for ident in expected]


def test_once_though_two_clocks_lack_it_r14() -> None:
    judge_by = book(f"[{clock('{before: 1 hour}', name='one')}, {clock('{before: 2 hours}', name='two')}]")
    (letter,) = run(judge_by, [sent("e1", "08:00")], on("20:00")).dead
    assert letter.reason == "anchor_missing"
    assert letter.detail.startswith("data.anchor: ")


def test_an_anchor_that_comes_gives_the_due_r14() -> None:
    """R14: the item is kept without a due until an anchor comes; a due that was never had is not regained."""
    log = [sent("e1", "08:00", department="eye"), event("e2", "message.assigned", on("09:00"), anchor=on("17:00"))]
    assert said(book(f"[{clock(BEFORE)}]", DAY_HOURS), log, on("20:00")) == ["11-10T16:00 missed"]
