"""Each reported fault of tests/data/cases stands for a kind; here is a property or a table for each kind.

The cases of that list without a folder are held elsewhere: 20 in tests/unit/test_intake.py; 27 in
tests/unit/core/test_book.py and tests/unit/schemas/test_policy_cross.py; 28 in tests/unit/core/test_policy_check.py; 29
in tests/unit/schemas/test_instants.py and test_events.py.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import instants
from schemas.alerts import FIRED, RESOLVED, Alert
from schemas.policy import HOUR, MINUTE, CalendarSpec
from streams import backtest
from streams.core import state as states
from streams.core.book import Book
from streams.core.calendars import Calendar
from streams.core.deadlines import judge
from streams.core.engine import Engine
from streams.core.keeping import folded
from streams.core.speech import outcome
from streams.core.steps import steps
from tests.contract.build import DAY_HOURS, ITEM, at, book, calendar, clock, engine, event, read
from tests.property.calendars import changes, specs
from tests.property.calendars import instants as moments

ZONES = ["America/Chicago", "Europe/Rome", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Chatham"]
LADDER = "{name: soon, at: 50%, notify: pool}, {name: missed, at: due, notify: on_call}, {name: late, after: 2 hours}"


def alerts_of(judged_by: Book, lines: Sequence[bytes], until: str | None = None) -> list[Alert]:
    return backtest.run(judged_by, lines, None if until is None else at(until)).alerts


def outcomes(running: Engine) -> list[tuple[str, str, str]]:
    """Start, end and outcome of the cycles of the one item."""
    value, judged_by = running.items.get(f"message:{ITEM}".encode()), running.book
    assert value is not None
    cycles = folded(states.decode(value), judged_by.settings, running.now).cycles
    (by,) = judged_by.clocks["message"]
    return [(instants.text(c.start), instants.text(c.end or 0), outcome(c, judge(judged_by, by, c))) for c in cycles]


@given(specs(), moments(), st.integers(1, 100 * HOUR))
def test_kind_02_subtracting_open_time_never_lands_in_closed_time(spec: CalendarSpec, end: int, amount: int) -> None:
    """glpi#22678: subtracting across a window's edge landed at midnight."""
    clinic = Calendar(spec)
    start = clinic.sub(end, amount)
    assert clinic.is_open(start)
    assert clinic.between(start, end) == amount


@pytest.mark.parametrize("zone", ZONES)
def test_kind_04_a_business_day_later_is_the_same_time_on_the_wall(zone: str) -> None:
    """dbt_zendesk#25: one UTC offset was used for all dates; here are all changes of clocks from 2020 to 2035."""
    clinic = calendar(f"{{timezone: {zone}, hours: {{daily: 08:00-18:00}}}}")
    for change in changes(zone):
        for ago, days in product((3, 2, 1, 0), (1, 2, 3)):
            wall = datetime.combine(change.day - timedelta(days=ago), time(15, 30), tzinfo=ZoneInfo(zone))
            later = clinic.later(instants.of(wall.astimezone(UTC)), days)
            after = instants.of((wall + timedelta(days=days)).astimezone(UTC))  # on the wall
            assert later == after, f"{days} days after {wall}"
    assert changes(zone)


CHANGES = {
    "priority": ("{when: {priority: urgent}, within: 60 minutes}", {"priority": "urgent"}),
    "department": ("{when: {department: eye}, within: 60 minutes}", {"department": "eye"}),
    "pool": ("{when: {pool: night}, within: 60 minutes}", {"pool": "night"}),
    "nothing": ("{when: {site: none}, within: 60 minutes}", {}),
}


@pytest.mark.parametrize("field", CHANGES)
@pytest.mark.parametrize("when", ["before", "during", "after"])
@given(before=st.integers(2, 50), held=st.integers(2, 600))
def test_kind_05_time_on_hold_survives_a_new_target(when: str, field: str, before: int, held: int) -> None:
    """glpi#15605, #6902: time on hold was forgotten when the priority, and so the target, changed."""
    rule, given_then = CHANGES[field]
    judged_by, start = book(f"[{clock(f'{rule}, {{within: 120 minutes}}')}]"), at("2026-11-10T08:00")

    def minutes(n: int) -> str:
        return instants.text(start + n * MINUTE)

    changed = {"before": before - 1, "during": before + 1, "after": before + held + 1}[when]
    lines = [
        event("e1", "message.sent", minutes(0)),
        event("e2", "message.awaiting_patient", minutes(before)),
        event("e3", "message.assigned", minutes(changed), **given_then),
        event("e4", "message.sent", minutes(before + held)),
    ]
    lines.sort(key=lambda line: read(line).entry.time)
    missed = [a for a in alerts_of(judged_by, lines) if a.type == FIRED]
    assert [a.data.due_at for a in missed] == [minutes((120 if field == "nothing" else 60) + held)]


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


ANSWERED = [
    event("e1", "message.sent", "2026-11-10T08:00"),
    event("e2", "message.replied", "2026-11-10T09:00"),
    event("e3", "message.sent", "2026-11-11T08:00"),
    event("e4", "message.awaiting_patient", "2026-11-11T08:30"),
    event("e5", "message.replied", "2026-11-11T23:00"),
    event("e6", "message.sent", "2026-11-12T08:00"),
    event("e7", "message.replied", "2026-11-12T12:00:00.000001"),
]
OUTCOMES = [
    ("2026-11-10T08:00:00Z", "2026-11-10T09:00:00Z", "met"),
    ("2026-11-11T08:00:00Z", "2026-11-11T23:00:00Z", "met"),  # 14 hours and a half on hold
    ("2026-11-12T08:00:00Z", "2026-11-12T12:00:00.000001Z", "missed"),
]


@given(st.permutations(ANSWERED))
def test_kind_14_order_of_arrival_is_not_order_of_events(arrivals: list[bytes]) -> None:
    """medplum#2513: a late reply ended the later question instead of the one that it had answered."""
    judged_by = book(f"[{clock('{within: 4 hours}', LADDER)}]")
    running = engine(judged_by)
    said: list[Alert] = []
    for taken in steps([(read(line), line) for line in arrivals], 0):
        said += running.advance(max(running.now, taken[0][0].entry.time - 1)).alerts
        said += running.step(taken).alerts
    assert outcomes(running) == OUTCOMES
    fired = {a.id for a in said if a.type == FIRED}
    assert {a.data.alert for a in said if a.type == RESOLVED} == fired
