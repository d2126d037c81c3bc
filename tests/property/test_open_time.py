"""Open-time arithmetic (T1, T2, T8): laws of its own, and an independent business clock, over random calendars.

`workclock` knows no window that belongs to the date on which it opens, and moves a skipped local time otherwise (as
RFC 5545 does): so here no holiday follows an overnight window, and no window begins or ends in a gap.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from workclock import Holidays, Schedule, WorkDay

from schemas.instants import EPOCH, of
from schemas.policy import CalendarSpec
from streams.core.calendars import Calendar
from tests.property.calendars import DAYS, ZONES, Week, changes, instants, specs, weeks

MINUTE = 60_000_000
START = of(datetime(2020, 1, 3, tzinfo=ZoneInfo("UTC")))
AMOUNTS = (
    st.integers(1, 60 * 60 * MINUTE)
    | st.integers(1, 40).map(lambda quarters: quarters * 15 * MINUTE)
    | st.integers(1, 1_500 * 60 * MINUTE)
)
"""The longest go through more windows than are looked at one by one."""


@given(specs(), instants(), AMOUNTS)
def test_a_sum_is_the_open_time_between(spec: CalendarSpec, start: int, amount: int) -> None:
    """T2: it takes exactly so much open time, and no less: the instant before it is open."""
    calendar = Calendar(spec)
    end = calendar.add(start, amount)
    assert calendar.between(start, end) == amount
    assert calendar.is_open(end - 1)


@given(specs(), instants(), AMOUNTS)
def test_a_difference_is_the_open_time_between(spec: CalendarSpec, end: int, amount: int) -> None:
    """T2, mirrored: and the instant itself is open."""
    calendar = Calendar(spec)
    start = calendar.sub(end, amount)
    assert calendar.between(start, end) == amount
    assert calendar.is_open(start)


@given(specs(), instants(), AMOUNTS)
def test_subtracting_undoes_adding(spec: CalendarSpec, at: int, amount: int) -> None:
    """T2: from a closed instant both count from the next opening, or the closing before."""
    calendar = Calendar(spec)
    assert calendar.sub(calendar.add(at, amount), amount) == calendar.opening(at)
    back = calendar.add(calendar.sub(at, amount), amount)
    assert back == at if calendar.is_open(at) and calendar.is_open(at - 1) else back <= at
    assert calendar.between(back, at) == 0


@given(specs(), instants(), AMOUNTS, AMOUNTS)
def test_sums_add_up(spec: CalendarSpec, start: int, one: int, two: int) -> None:
    """T1: open time is a measure."""
    calendar = Calendar(spec)
    middle = calendar.add(start, one)
    end = calendar.add(middle, two)
    assert end == calendar.add(start, one + two)
    assert calendar.between(start, middle) + calendar.between(middle, end) == calendar.between(start, end)
    assert 0 < calendar.between(start, end) <= end - start


@given(specs(), st.lists(st.tuples(instants(), AMOUNTS, st.integers(1, 9)), min_size=2, max_size=4))
def test_what_was_asked_before_changes_no_answer(spec: CalendarSpec, asked: list[tuple[int, int, int]]) -> None:
    """T9: years are built when first needed, whatever the order; each answer is that of a fresh calendar."""

    def answers(calendar: Calendar, at: int, amount: int, days: int) -> list[int]:
        return [
            calendar.earlier(at, days), calendar.later(at, days), calendar.end_of(at, days), calendar.add(at, amount),
            calendar.sub(at, amount), calendar.opening(at), calendar.later_from_due(at, days),
        ]  # fmt: skip

    once = Calendar(spec)
    together = [answers(once, *each) for each in asked]
    assert together == [answers(Calendar(spec), *each) for each in asked]


@given(specs(), instants(), st.integers(1, 20))
def test_business_days_lie_in_order(spec: CalendarSpec, start: int, days: int) -> None:
    """T3, T10: each further business day is later (earlier), past the instant, and open or a closing of its day."""
    calendar = Calendar(spec)
    opened = calendar.opening(start)
    assert opened <= calendar.later(start, days) <= calendar.later(start, days + 1)
    assert calendar.later(start, days) <= calendar.end_of(start, days)
    assert calendar.earlier(start, days + 1) <= calendar.earlier(start, days) <= start
    for found in (calendar.later(start, days), calendar.earlier(start, days), calendar.end_of(start, days)):
        assert calendar.is_open(found) or calendar.closing(found) == found


# -- an independent clock ----------------------------------------------------------------------------------------------


def schedule(zone: str, week: Week, closed: frozenset[date]) -> Schedule:
    rules = [
        WorkDay(time(opens // 60, opens % 60), time(closes // 60 % 24, closes % 60), [day], time_zone=zone)
        for day, windows in enumerate(week)
        for opens, closes in windows
    ]
    return Schedule([*rules, Holidays(closed)] if closed else rules, time_zone=zone)


def in_a_gap(zone: str, week: Week) -> bool:
    """Whether a window begins or ends in, or at the edge of, local times that a change skips."""
    for change in changes(zone):
        if change.skips:
            for ago in (0, 1):
                for window in week[(change.day.weekday() - ago) % 7]:
                    if any(change.before <= edge - ago * 1440 <= change.after for edge in window):
                        return True
    return False


def moment(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=settings().max_examples // 4)
@given(data=st.data())
def test_an_independent_clock_agrees(zone: str, data: st.DataObject) -> None:
    """T1, T2, T8: on and around every DST day of the zone from 2020 to 2035, and anywhere else."""
    overnight = data.draw(st.booleans())
    week = data.draw(weeks(overnight=overnight))
    assume(not in_a_gap(zone, week))
    closed = frozenset() if overnight else data.draw(st.frozensets(DAYS, max_size=6))
    calendar = Calendar(CalendarSpec("c", zone, week, closed=closed))
    other = schedule(zone, week, closed)
    amount = data.draw(AMOUNTS)
    around = data.draw(st.integers(-36 * 60 * MINUTE, 36 * 60 * MINUTE))
    for at in [data.draw(instants()), *(change.at + around for change in changes(zone) if change.at > START)]:
        assert calendar.add(at, amount) == of(other.add(moment(at), timedelta(microseconds=amount)))
        assert calendar.sub(at, amount) == of(other.sub(moment(at), timedelta(microseconds=amount)))
        end = at + 4 * 24 * 60 * MINUTE
        assert calendar.between(at, end) == other.between(moment(at), moment(end)) // timedelta(microseconds=1)
