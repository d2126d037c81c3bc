"""When a benchmark is due: T3 to T5, T10 and T11 through `judge`, and when a clock regains what it lost (R6, R8).

All is in UTC. The calendar DAY is open daily from 08:00 to 18:00, ten hours a day; the 10th of November is a Tuesday.
"""

from __future__ import annotations

import pytest

from schemas.events import Action, Entry
from schemas.instants import text
from streams.core.deadlines import Verdict, judge, regained
from tests.contract.build import DAY_HOURS, at, book, clock, cycles, entry, shown

A = Action

TEN = "2026-11-10T10:00"
LEAD = "{lead: 1 business hour}"
Move = tuple[A, str, dict[str, str]]


def judged(rules: str, history: list[Entry], hours: str = DAY_HOURS, settings: str = "{lead: 0 minutes}") -> Verdict:
    judge_by = book(f"[{clock(rules)}]", hours, settings, "{eye: {pool: eye-desk}, ear: {pool: ear-desk}}")
    return judge(judge_by, judge_by.clocks["message"][0], cycles(history)[0])


def due(verdict: Verdict) -> str | None:
    return None if verdict.due is None else shown(text(verdict.due)) + (" short" if verdict.short else "")


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        pytest.param("{within: 30 hours}", TEN, "11-11T16:00", id="T1-elapsed"),
        pytest.param("{within: 1.5 hours}", TEN, "11-10T11:30", id="T1-decimals"),
        pytest.param("{within: 12 business hours}", TEN, "11-11T12:00", id="T1-open-time"),
        pytest.param("{within: 90 business minutes}", "2026-11-10T17:00", "11-11T08:30", id="T1-business-minutes"),
        pytest.param("{within: 2 business days}", TEN, "11-12T10:00", id="T3-within"),
        pytest.param("{within: 2 business days}", "2026-11-10T20:00", "11-13T08:00", id="T3-effective-start"),
        pytest.param("{by: end of 2 business days}", TEN, "11-12T18:00", id="T3-by"),
        pytest.param("{by: end of 0 business days}", TEN, "11-10T18:00", id="T3-by-0"),
        pytest.param("{before: 4 hours}", TEN, "11-12T05:00", id="T4-elapsed"),
        pytest.param("{before: 4 business hours}", TEN, "11-11T15:00", id="T4-open-time"),
        pytest.param("{before: 1 business day}", TEN, "11-11T09:00", id="T10-business-day"),
        pytest.param("{within: 1 business day, before: 4 business hours}", TEN, "11-11T10:00", id="earliest-wins"),
        pytest.param("{within: 3 business days, by: end of 2 business days, before: 4 hours}", TEN, "11-12T05:00",
                     id="earliest-of-three-wins"),
        pytest.param("{within: 4 hours, not_before: 9 hours}", TEN, "11-10T14:00", id="a-floor-moves-no-due"),
    ],
)  # fmt: skip
def test_due(rule: str, start: str, expected: str) -> None:
    assert due(judged(rule, [entry(A.OPEN, start, anchor="2026-11-12T09:00")])) == expected


@pytest.mark.parametrize(
    ("rule", "anchor", "elapsed"),
    [
        pytest.param("{within: 24 hours, before: 10 business hours}", "2026-11-12T10:00", True, id="within-is-elapsed"),
        pytest.param("{within: 10 business hours, before: 24 hours}", "2026-11-12T10:00", False, id="within-is-open"),
        pytest.param("{by: end of 1 business day, before: 24 hours}", "2026-11-12T18:00", False, id="by-before-before"),
    ],
)
def test_at_a_tie_the_first_part_wins(rule: str, anchor: str, elapsed: bool) -> None:
    """Section 3: at a tie in this order; T6 needs to know from which part the due comes."""
    found = judged(rule, [entry(A.OPEN, TEN, anchor=anchor)])
    assert due(found) in {"11-11T10:00", "11-11T18:00"}
    assert found.elapsed is elapsed


@pytest.mark.parametrize(
    ("rule", "pauses", "expected"),
    [
        pytest.param("{within: 4 business hours}", [(11, 13)], "11-10T16:00", id="T5-open-time"),
        pytest.param("{within: 4 hours}", [(11, 13)], "11-10T16:00", id="T5-elapsed"),
        pytest.param("{within: 4 hours}", [(11, 12), (13, 14)], "11-10T16:00", id="T5-two-pauses"),
        pytest.param("{within: 12 business hours}", [(19, 22)], "11-11T12:00", id="T5-a-pause-in-closed-time"),
        pytest.param("{within: 1 business day}", [(11, 13)], "11-11T12:00", id="T5-business-day-by-its-open-time"),
        pytest.param("{by: end of 0 business days}", [(11, 13)], "11-11T10:00", id="T5-by-runs-over-the-closing"),
        pytest.param("{within: 4 hours}", [(15, 17)], "11-10T14:00", id="T5-a-pause-after-the-due"),
        pytest.param("{within: 4 business hours}", [(11, None)], None, id="T5-a-pause-that-lasts"),
        pytest.param("{within: 4 business hours}", [(15, None)], "11-10T14:00", id="T5-reached-before-it"),
        pytest.param("{within: 4 business hours}", [(14, None)], "11-10T14:00", id="T5-reached-as-it-begins"),
        pytest.param("{before: 4 hours}", [(11, 13)], "11-12T05:00", id="T5-before-does-not-move"),
        pytest.param("{before: 4 hours}", [(11, None)], "11-12T05:00", id="T5-before-is-known-in-a-pause"),
        pytest.param("{within: 4 hours, before: 4 hours}", [(11, None)], "11-12T05:00", id="T5-the-part-that-is-known"),
    ],
)  # fmt: skip
def test_pauses(rule: str, pauses: list[tuple[int, int | None]], expected: str | None) -> None:
    history = [entry(A.OPEN, TEN, "e1", anchor="2026-11-12T09:00")]
    for begin, end in pauses:
        history.append(entry(A.PAUSE, f"2026-11-10T{begin}:00", f"p{begin}"))
        if end is not None:
            history.append(entry(A.RESUME, f"2026-11-10T{end}:00", f"r{begin}"))
    assert due(judged(rule, history)) == expected


def test_a_pause_in_closed_time_never_brings_a_due_forward() -> None:
    """T5: the later of both: twenty hours have run at a closing, the nominal due is the next opening."""
    history = [entry(A.OPEN, "2026-11-10T20:00", "e1")]
    history += [entry(A.PAUSE, "2026-11-10T21:00", "e2"), entry(A.RESUME, "2026-11-10T22:00", "e3")]
    assert due(judged("{within: 2 business days}", history)) == "11-13T08:00"


def test_a_stop_while_paused_ends_the_pause() -> None:
    """T5: so the due is known again when the outcome is asked."""
    history = [
        entry(A.OPEN, TEN, "e1"),
        entry(A.PAUSE, "2026-11-10T11:00", "e2"),
        entry(A.STOP, "2026-11-10T12:00", "e3"),
    ]
    assert due(judged("{within: 4 hours}", history)) == "11-10T15:00"


@pytest.mark.parametrize(
    ("rule", "start", "anchor", "expected"),
    [
        pytest.param("{before: 4 hours}", TEN, "2026-11-10T12:00", "11-10T11:00 short",
                     id="T11-an-hour-after-the-open"),
        pytest.param("{before: 4 hours}", TEN, "2026-11-10T10:30", "11-10T10:30 short",
                     id="T11-the-anchor-lies-between"),
        pytest.param("{before: 4 hours}", TEN, "2026-11-10T09:00", "11-10T09:00 short", id="T11-an-anchor-long-gone"),
        pytest.param("{before: 1 hour}", TEN, "2026-11-10T12:00", "11-10T11:00", id="T11-just-enough"),
        pytest.param("{before: 4 hours}", "2026-11-10T17:30", "2026-11-11T12:00", "11-11T08:30 short",
                     id="T11-open-time"),
        pytest.param("{within: 4 hours}", "2026-11-10T20:00", None, "11-11T09:00 short", id="T11-elapsed-over-night"),
        pytest.param("{within: 30 business minutes}", TEN, None, "11-10T10:30",
                     id="T11-a-shorter-within-takes-its-place"),
        pytest.param("{within: 30 minutes}", "2026-11-10T17:50", None, "11-11T08:20 short",
                     id="T11-a-shorter-within-in-open-time"),
        pytest.param("{within: 2 hours, not_before: 3 hours}", TEN, None, "11-10T14:00 short",
                     id="T11-since-the-floor"),
        pytest.param("{within: 9 hours, not_before: 3 hours}", TEN, None, "11-10T19:00", id="T11-the-floor-is-early"),
        pytest.param("{within: 30 minutes, not_before: 3 hours}", TEN, None, "11-10T13:30 short",
                     id="T11-the-shorter-within-from-the-floor"),
    ],
)  # fmt: skip
def test_fair_notice(rule: str, start: str, anchor: str | None, expected: str) -> None:
    opened = entry(A.OPEN, start) if anchor is None else entry(A.OPEN, start, anchor=anchor)
    assert due(judged(rule, [opened], settings=LEAD)) == expected


def test_lead_of_nothing_turns_fair_notice_off_t11() -> None:
    opened = entry(A.OPEN, TEN, anchor="2026-11-10T12:00")
    assert due(judged("{before: 4 hours}", [opened], settings="{lead: 0 minutes}")) == "11-10T08:00"


URGENT = "{when: {priority: urgent}, within: 4 business hours}, {within: 2 business days}"


@pytest.mark.parametrize(
    ("rules", "moves", "expected"),
    [
        pytest.param(URGENT, [(A.ROUTE, "13:30", {"priority": "urgent"})], "11-10T14:30 short",
                     id="T11-since-the-change"),
        pytest.param(URGENT, [(A.ROUTE, "12:30", {"priority": "urgent"})], "11-10T14:00", id="T11-time-enough"),
        pytest.param(URGENT, [(A.ROUTE, "15:00", {"priority": "urgent"}), (A.ROUTE, "15:30", {"priority": "routine"}),
                              (A.ROUTE, "15:45", {"priority": "urgent"})], "11-10T16:45 short",
                              id="T11-the-last-change"),
        pytest.param(URGENT, [(A.ROUTE, "11:00", {"priority": "urgent"}), (A.ROUTE, "15:00", {"priority": "routine"}),
                              (A.ROUTE, "16:00", {"priority": "urgent"})], "11-10T14:00",
                     id="T11-after-a-due-was-reached-nothing-counts"),
        pytest.param(URGENT, [(A.ROUTE, "11:00", {"priority": "urgent"}), (A.ROUTE, "14:00", {"priority": "routine"}),
                              (A.ROUTE, "15:00", {"priority": "urgent"})], "11-10T14:00",
                     id="T11-as-the-due-is-reached-is-too-late"),
        pytest.param(URGENT, [(A.ROUTE, "13:30", {"site": "s"})], "11-12T10:00",
                     id="T11-another-field-changes-nothing"),
        pytest.param(URGENT, [(A.STOP, "13:30", {"priority": "urgent"})], "11-10T14:00", id="T11-the-stop-is-left-out"),
        pytest.param("{before: 4 hours}", [(A.ROUTE, "13:30", {"anchor": "2026-11-10T18:00"})], "11-10T14:30 short",
                     id="T11-a-new-anchor"),
        pytest.param("{within: 4 hours}", [(A.ROUTE, "13:30", {"anchor": "2026-11-10T18:00"})], "11-10T14:00",
                     id="T11-an-anchor-without-a-before-part"),
        pytest.param("{when: {department: eye}, within: 1 business day}, {within: 3 business days}",
                     [(A.ROUTE, "16:00", {"department": "eye"})], "11-11T10:00", id="T11-a-move-in-time"),
    ],
)  # fmt: skip
def test_fair_notice_counts_from_what_changed_the_due(rules: str, moves: list[Move], expected: str) -> None:
    anchored = "before" in rules
    history = [entry(A.OPEN, TEN, "e0", **({"anchor": "2026-11-12T09:00"} if anchored else {}))]
    history += [entry(action, f"2026-11-10T{time}", f"e{n}", **more) for n, (action, time, more) in enumerate(moves, 1)]
    assert due(judged(rules, history, settings=LEAD)) == expected


def test_fair_notice_of_a_business_day_shorter_than_the_lead() -> None:
    """T11: business days are the open time up to T3's instant, counted from e: here ten hours from 16:00."""
    rules = "{when: {priority: urgent}, within: 1 business day}, {within: 5 business days}"
    history = [entry(A.OPEN, TEN, "e1"), entry(A.ROUTE, "2026-11-10T16:00", "e2", priority="urgent")]
    found = judged(rules, history, settings="{lead: 40 business hours}")
    assert due(found) == "11-11T16:00 short"
    assert due(judged(rules, history[:1], settings="{lead: 40 business hours}")) == "11-15T10:00"


@pytest.mark.parametrize(
    ("anchor", "resume", "expected"),
    [
        pytest.param("2026-11-10T15:00", "2026-11-10T13:00", "11-10T13:30 short", id="T11-pauses-left-out"),
        pytest.param("2026-11-10T13:10", "2026-11-10T13:00", "11-10T13:10 short", id="T11-no-later-than-the-anchor"),
        pytest.param("2026-11-10T13:10", None, "11-10T13:10 short", id="T11-a-pause-that-lasts-is-endless"),
    ],
)
def test_fair_notice_and_pauses(anchor: str, resume: str | None, expected: str) -> None:
    """T11: half an hour has run when the pause begins at 10:30."""
    history = [entry(A.OPEN, TEN, "e1", anchor=anchor), entry(A.PAUSE, "2026-11-10T10:30", "e2")]
    history += [entry(A.RESUME, resume, "e3")] if resume else []
    assert due(judged("{before: 6 hours}", history, settings=LEAD)) == expected


def test_fair_notice_makes_it_an_open_time_due() -> None:
    """T11: for T6 a due that was moved counts as an open-time due."""
    moved = judged("{within: 30 minutes}", [entry(A.OPEN, "2026-11-10T17:50")], settings=LEAD)
    kept = judged("{within: 30 minutes}", [entry(A.OPEN, TEN)], settings=LEAD)
    assert (moved.short, moved.elapsed) == (True, False)
    assert (kept.short, kept.elapsed) == (False, True)


@pytest.mark.parametrize(
    ("rules", "fields", "position", "missing"),
    [
        pytest.param("{before: 4 hours}", {}, 0, True, id="R14-anchor-missing"),
        pytest.param("{before: 4 hours, within: 1 hour}", {}, 0, False, id="R14-another-part-gives-a-due"),
        pytest.param("{when: {priority: urgent}, within: 1 hour}", {}, None, False, id="R1-no-rule-matches"),
        pytest.param("{when: {department: [eye, ear]}, within: 1 hour}, {within: 2 hours}", {"department": "ear"}, 0,
                     False,
                     id="R1-the-first-that-matches"),
        pytest.param("{when: {pool: eye-desk}, within: 1 hour}, {within: 2 hours}", {"department": "eye"}, 0, False,
                     id="R1-a-department's-pool-matches"),
        pytest.param("{when: {department: unassigned}, within: 1 hour}", {}, 0, False, id="R1-unassigned"),
        pytest.param("{when: {site: s, kind: k}, within: 1 hour}, {within: 2 hours}", {"site": "s"}, 1, False,
                     id="R1-all-keys-must-match"),
    ],
)  # fmt: skip
def test_which_rule_judges(rules: str, fields: dict[str, str], position: int | None, missing: bool) -> None:
    found = judged(rules, [entry(A.OPEN, TEN, **fields)])
    assert (found.position, found.missing) == (position, missing)
    assert (found.due is None) is (missing or position is None)


def test_the_floor_is_counted_from_the_start_and_not_moved_by_pauses() -> None:
    history = [
        entry(A.OPEN, TEN, "e1"),
        entry(A.PAUSE, "2026-11-10T11:00", "e2"),
        entry(A.RESUME, "2026-11-11T11:00", "e3"),
    ]
    assert judged("{within: 9 days, not_before: 12 business hours}", history).floor == at("2026-11-11T12:00")


@pytest.mark.parametrize(
    ("own", "fields", "expected"),
    [
        pytest.param("", {}, "11-11T12:00", id="default"),
        pytest.param("", {"department": "eye"}, "11-10T16:00", id="department's"),
        pytest.param(", calendar: c", {"department": "eye"}, "11-11T12:00", id="rule's"),
    ],
)
def test_whose_calendar_counts(own: str, fields: dict[str, str], expected: str) -> None:
    """Section 3: the rule's calendar, else the department's, else the default. Six hours from 10:00 on."""
    both = "{timezone: UTC, hours: {daily: 08:00-12:00}}, night: {timezone: UTC, hours: {daily: 00:00-24:00}}"
    judge_by = book(f"[{clock(f'{{within: 6 business hours{own}}}')}]", both, departments="{eye: {calendar: night}}")
    found = judge(judge_by, judge_by.clocks["message"][0], cycles([entry(A.OPEN, TEN, **fields)])[0])
    assert due(found) == expected


@pytest.mark.parametrize(
    ("rules", "moves", "rule", "either", "lost"),
    [
        pytest.param(URGENT, [{"priority": "urgent"}], None, None, False, id="R6a-never-lost"),
        pytest.param("{when: {department: eye}, within: 1 hour}", [{"department": "ear"}, {"department": "eye"}],
                     "11-10T12:00", "11-10T12:00", False, id="R6a-a-rule-again"),
        pytest.param("{when: {department: eye}, within: 1 hour}", [{"department": "ear"}], None, None, True,
                     id="R6a-lost"),
        pytest.param("{when: {department: eye}, within: 1 hour}, {before: 1 hour}",
                     [{"department": "ear"}, {"anchor": "2026-11-12T10:00"}], None, "11-10T12:00", False,
                     id="R6a-a-due-again"),
        pytest.param("{when: {department: ear}, within: 1 hour}", [{"department": "ear"}], None, None, False,
                     id="R6a-a-first-rule-is-no-regain"),
    ],
)  # fmt: skip
def test_regained(rules: str, moves: list[dict[str, str]], rule: str | None, either: str | None, lost: bool) -> None:
    history = [entry(A.OPEN, TEN, "e0", department="eye")]
    history += [entry(A.ROUTE, f"2026-11-10T{11 + n}:00", f"e{n + 1}", **fields) for n, fields in enumerate(moves)]
    judge_by = book(f"[{clock(rules)}]", DAY_HOURS, departments="{eye: {pool: eye-desk}, ear: {pool: ear-desk}}")
    found = regained(judge_by, judge_by.clocks["message"][0], cycles(history)[0])
    said = [None if instant is None else shown(text(instant)) for instant in (found.rule, found.either)]
    assert (said, found.lost) == ([rule, either], lost)
