"""Each reported fault of tests/data/cases stands for a kind; here is a property or a table for each kind.

The cases of that list without a folder are held elsewhere: 20 in tests/unit/test_intake.py; 27 in
tests/unit/core/test_book.py and tests/unit/schemas/test_policy_cross.py; 28 in tests/unit/core/test_policy_check.py; 29
in tests/unit/schemas/test_instants.py and test_events.py.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import instants
from schemas.alerts import FIRED, RESOLVED, Alert
from schemas.policy import HOUR, MINUTE
from streams import backtest
from streams.core.book import Book
from tests.contract.build import CLINIC, DAY_HOURS, at, book, calendar, clock, event

ZONES = ["America/Chicago", "Europe/Rome", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Chatham"]
LADDER = "{name: soon, at: 50%, notify: pool}, {name: missed, at: due, notify: on_call}, {name: late, after: 2 hours}"


def alerts_of(judged_by: Book, lines: Sequence[bytes], until: str | None = None) -> list[Alert]:
    return backtest.run(judged_by, lines, None if until is None else at(until)).alerts


def outcomes(said: Sequence[Alert]) -> set[tuple[str, str | None, str | None]]:
    return {(a.data.alert or "", a.data.reason, a.data.closed_at) for a in said if a.type == RESOLVED}


@given(st.integers(at("2026-01-05T00:00"), at("2027-12-20T00:00")), st.integers(1, 400 * HOUR))
def test_kind_02_subtracting_open_time_never_lands_in_closed_time(end: int, amount: int) -> None:
    """glpi#22678: subtracting across a window's edge landed at midnight."""
    clinic = calendar(CLINIC)
    start = clinic.sub(end, amount)
    assert clinic.is_open(start)
    assert clinic.between(start, end) == amount


@pytest.mark.parametrize("zone", ZONES)
@given(day=st.integers(0, 5 * 365))
def test_kind_04_a_business_day_later_is_the_same_time_on_the_wall(zone: str, day: int) -> None:
    """dbt_zendesk#25: one UTC offset was used for all dates; on both sides of every change of clocks it must not be."""
    wall = datetime(2024, 1, 1, 15, 30, tzinfo=ZoneInfo(zone)) + timedelta(days=day)
    start = instants.of(wall.astimezone(UTC))
    later = calendar(f"{{timezone: {zone}, hours: {{daily: 08:00-18:00}}}}").later(start, 1)
    found = datetime.fromtimestamp(later / 1e6, ZoneInfo(zone))
    assert (found.hour, found.minute) == (15, 30)
    assert found.date() == wall.date() + timedelta(days=1)


@given(before=st.integers(1, 50), held=st.integers(1, 600), urgent=st.booleans())
def test_kind_05_time_on_hold_survives_a_new_target(before: int, held: int, urgent: bool) -> None:
    """glpi#15605, #6902: time on hold was forgotten when the priority, and so the target, changed."""
    rules = "{when: {priority: urgent}, within: 60 minutes}, {within: 120 minutes}"
    judged_by, start = book(f"[{clock(rules)}]"), at("2026-11-10T08:00")

    def minutes(n: int) -> str:
        return instants.text(start + n * MINUTE)

    lines = [
        event("e1", "message.sent", minutes(0)),
        event("e2", "message.awaiting_patient", minutes(before)),
        event("e3", "message.assigned", minutes(before + held), **({"priority": "urgent"} if urgent else {})),
        event("e4", "message.sent", minutes(before + held)),
    ]
    missed = [a for a in alerts_of(judged_by, lines) if a.type == FIRED]
    assert [a.data.due_at for a in missed] == [minutes((60 if urgent else 120) + held)]


TURNS = [
    ("a goodbye after the answer opens what a closing ends unanswered", ["sent", "replied", "sent", "closed"], False),
    ("the clinic's own second answer opens nothing", ["sent", "replied", "replied"], False),
    ("an assignment after the answer opens nothing", ["sent", "replied", "assigned"], False),
    ("an acknowledgement is no answer", ["sent", "command.acknowledged"], True),
    ("a question after the answer is a new cycle", ["sent", "replied", "sent"], True),
    ("while the patient has the turn nothing runs", ["sent", "awaiting_patient"], False),
    ("the patient's answer gives the turn back", ["sent", "awaiting_patient", "sent"], True),
]


@pytest.mark.parametrize(("verbs", "owed"), [row[1:] for row in TURNS], ids=[row[0] for row in TURNS])
def test_kind_07_whose_turn_it_is(verbs: list[str], owed: bool) -> None:
    """chatwoot#10178, muckrock#989: a goodbye kept the clock running or reopened the case."""
    lines = [
        event(f"e{n}", verb if "." in verb else f"message.{verb}", f"2026-11-10T08:{n:02d}", **(
            {"workflow": "message", "by": "staff-1"} if "." in verb else {}
        ))
        for n, verb in enumerate(verbs)
    ]  # fmt: skip
    fired = [a for a in alerts_of(book(f"[{clock('{within: 1 hour}')}]"), lines) if a.type == FIRED]
    assert bool(fired) is owed


@given(beats=st.lists(st.integers(1, 60 * 48), max_size=30))
def test_kind_09_time_that_passes_repeats_no_stage(beats: list[int]) -> None:
    """glpi#1996, #2408: an escalation was repeated at each run of the scheduler."""
    start = at("2026-11-10T08:00")
    lines = [event("e1", "message.sent", instants.text(start))]
    lines += [
        event(f"h{n}", "feed.heartbeat", instants.text(start + beat * MINUTE)) for n, beat in enumerate(sorted(beats))
    ]
    said = alerts_of(book(f"[{clock('{within: 4 hours}', LADDER)}]"), lines)
    assert [a.data.stage for a in said if a.type == FIRED] == ["soon", "missed", "late"]


@given(visit=st.integers(1, 72), lead=st.integers(1, 6))
def test_kind_11_a_due_that_nobody_could_meet_gives_fair_notice(visit: int, lead: int) -> None:
    """glpi#1911: a target that had passed when the clinic learned of it was paged as missed at once."""
    start = at("2026-11-10T08:00")
    judged_by = book(
        f"[{clock('{before: 24 hours}', workflow='questionnaire')}]", settings=f"{{lead: {lead} business hours}}"
    )
    anchor = instants.text(start + visit * HOUR)
    lines = [event("e1", "questionnaire.submitted", instants.text(start), anchor=anchor)]
    missed = next(a for a in alerts_of(judged_by, lines) if a.type == FIRED)
    due = instants.parse(missed.data.due_at or "")
    fair = min(start + lead * HOUR, instants.parse(anchor))
    assert due == max(start + (visit - 24) * HOUR, fair)
    assert (missed.data.short_notice is True) == (start + (visit - 24) * HOUR < start + lead * HOUR)


@given(seed=st.integers(0, 10_000), copies=st.integers(1, 19))
def test_kind_13_one_change_is_told_once_however_often_it_comes(seed: int, copies: int) -> None:
    """hapi-fhir#5208: one change was notified nineteen times."""
    judged_by = book(f"[{clock('{within: 4 hours}', LADDER)}]", DAY_HOURS)
    lines = [
        event("e1", "message.sent", "2026-11-10T08:00"),
        event("e2", "message.assigned", "2026-11-10T11:00", pool="night"),
        event("e3", "message.replied", "2026-11-10T13:00"),
    ]
    repeated = list(lines)
    for position in sorted(random.Random(seed).choices(range(1, 4), k=copies), reverse=True):
        repeated.insert(position, lines[position - 1])
    assert alerts_of(judged_by, repeated) == alerts_of(judged_by, lines)


@given(st.permutations(range(5)))
def test_kind_14_order_of_arrival_is_not_order_of_events(order: list[int]) -> None:
    """medplum#2513: a late reply ended the later question instead of the one that it had answered."""
    lines = [
        event("e1", "message.sent", "2026-11-10T08:00"),
        event("e2", "message.replied", "2026-11-10T09:00"),
        event("e3", "message.sent", "2026-11-11T08:00"),
        event("e4", "message.awaiting_patient", "2026-11-11T08:30"),
        event("e5", "message.replied", "2026-11-11T23:00"),
    ]
    judged_by = book(f"[{clock('{within: 4 hours}', LADDER)}]")
    arrived = alerts_of(judged_by, [lines[n] for n in order])
    fired = {a.id for a in arrived if a.type == FIRED}
    resolved = {a.data.alert for a in arrived if a.type == RESOLVED}
    assert resolved == fired
    ends = {closed for _, reason, closed in outcomes(arrived) if reason in ("met", "missed", "cancelled")}
    assert ends <= {"2026-11-10T09:00:00Z", "2026-11-11T23:00:00Z"}
