"""Open time, windows and dates: T1, T2, T8 and T9 as tables.

Times are written with the offset that the zone has at that instant, so that each line can be checked with a clock and
a calendar of the year alone. In 2026 the 10th of November is a Tuesday.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from schemas import instants
from schemas.instants import FIRST, LAST
from streams.core.calendars import FEW, Calendar, CalendarRangeError
from tests.contract.build import CLINIC, at, calendar

MINUTE = 60_000_000
HOUR = 60 * MINUTE
WEEKDAYS = (
    "{timezone: America/Chicago, hours: {mon-fri: 08:00-12:00 12:30-17:00, sat: 09:00-12:00}, business_days: mon-fri}"
)
NIGHTS = "{timezone: America/Chicago, hours: {mon-fri: 22:00-06:00}}"
TOUCHING = "{timezone: UTC, hours: {daily: 08:00-12:00 12:00-16:00}}"
ROUND = "{timezone: America/Chicago, hours: {daily: 00:00-24:00}}"


def utc(instant: int) -> str:
    return instants.text(instant)


def same(found: int, expected: str) -> None:
    assert utc(found) == utc(at(expected))


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def day_windows(spec: str, on: str) -> list[tuple[str, str]]:
    return [(utc(opens)[:-4], utc(closes)[:-4]) for opens, closes in calendar(spec).windows_of(day(on))]


@pytest.mark.parametrize(
    ("spec", "start", "amount", "expected"),
    [
        pytest.param(CLINIC, "2026-11-10T10:00-06:00", 4 * HOUR, "2026-11-10T14:30-06:00", id="T1-over-lunch"),
        pytest.param(CLINIC, "2026-11-10T10:00-06:00", 2 * HOUR, "2026-11-10T12:00-06:00", id="T2-used-up-at-closing"),
        pytest.param(CLINIC, "2026-11-10T06:00-06:00", HOUR, "2026-11-10T09:00-06:00", id="T2-from-before-opening"),
        pytest.param(CLINIC, "2026-11-10T12:10-06:00", 30 * MINUTE, "2026-11-10T13:00-06:00", id="T2-from-lunch"),
        pytest.param(CLINIC, "2026-11-10T12:00-06:00", 1, "2026-11-10T12:30:00.000001-06:00",
                     id="T2-closing-is-closed"),
        pytest.param(CLINIC, "2026-11-13T16:00-06:00", 2 * HOUR, "2026-11-14T10:00-06:00", id="T1-into-saturday"),
        pytest.param(CLINIC, "2026-11-14T11:00-06:00", 2 * HOUR, "2026-11-16T09:00-06:00", id="T1-over-sunday"),
        pytest.param(CLINIC, "2026-03-07T11:00-06:00", 2 * HOUR, "2026-03-09T09:00-05:00", id="T8-over-dst"),
        pytest.param(NIGHTS, "2026-11-13T23:00-06:00", 8 * HOUR, "2026-11-16T23:00-06:00", id="T1-overnight-weekend"),
        pytest.param(NIGHTS, "2026-11-10T23:00-06:00", 2 * HOUR, "2026-11-11T01:00-06:00", id="T1-past-midnight"),
        pytest.param(TOUCHING, "2026-11-10T08:00", 4 * HOUR, "2026-11-10T12:00", id="T1-touching-is-one-window"),
        pytest.param(TOUCHING, "2026-11-10T10:00", 4 * HOUR, "2026-11-10T14:00", id="T1-through-touching"),
        pytest.param(ROUND, "2026-11-10T20:00-06:00", 48 * HOUR, "2026-11-12T20:00-06:00",
                     id="T1-24:00-touches-midnight"),
        pytest.param(ROUND, "2026-03-07T20:00-06:00", 24 * HOUR, "2026-03-08T21:00-05:00",
                     id="T1-real-elapsed-seconds"),
    ],
)  # fmt: skip
def test_adding_open_time(spec: str, start: str, amount: int, expected: str) -> None:
    same(calendar(spec).add(at(start), amount), expected)


@pytest.mark.parametrize(
    ("spec", "end", "amount", "expected"),
    [
        pytest.param(CLINIC, "2026-11-10T13:00-06:00", HOUR, "2026-11-10T11:30-06:00", id="T2-over-lunch"),
        pytest.param(CLINIC, "2026-11-10T09:00-06:00", HOUR, "2026-11-10T08:00-06:00", id="T2-used-up-at-opening"),
        pytest.param(CLINIC, "2026-11-10T08:00-06:00", HOUR, "2026-11-09T16:00-06:00", id="T2-from-opening"),
        pytest.param(CLINIC, "2026-11-10T06:00-06:00", HOUR, "2026-11-09T16:00-06:00", id="T2-from-closed"),
        pytest.param(CLINIC, "2026-11-15T12:00-06:00", HOUR, "2026-11-14T11:00-06:00", id="T2-from-sunday"),
        pytest.param(CLINIC, "2026-11-10T17:00-06:00", HOUR, "2026-11-10T16:00-06:00", id="T2-from-closing"),
        pytest.param(NIGHTS, "2026-11-16T23:00-06:00", 2 * HOUR, "2026-11-14T05:00-06:00", id="T2-overnight-weekend"),
        pytest.param(TOUCHING, "2026-11-10T14:00", 4 * HOUR, "2026-11-10T10:00", id="T2-through-touching"),
    ],
)  # fmt: skip
def test_subtracting_open_time(spec: str, end: str, amount: int, expected: str) -> None:
    same(calendar(spec).sub(at(end), amount), expected)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        pytest.param("2026-11-10T11:00-06:00", "2026-11-10T13:30-06:00", 2, id="T1-lunch-is-closed"),
        pytest.param("2026-11-10T12:00-06:00", "2026-11-10T12:30-06:00", 0, id="T1-half-open"),
        pytest.param("2026-11-09T08:00-06:00", "2026-11-16T08:00-06:00", 45.5, id="T1-a-week"),
        pytest.param("2026-11-10T13:00-06:00", "2026-11-10T11:00-06:00", 0, id="T1-backwards-is-nothing"),
    ],
)
def test_open_time_between(start: str, end: str, hours: float) -> None:
    assert calendar(CLINIC).between(at(start), at(end)) == hours * HOUR


@pytest.mark.parametrize(
    ("spec", "when", "is_open"),
    [
        pytest.param(CLINIC, "2026-11-10T08:00-06:00", True, id="T1-opening"),
        pytest.param(CLINIC, "2026-11-10T12:00-06:00", False, id="T1-closing"),
        pytest.param(CLINIC, "2026-11-10T11:59:59.999999-06:00", True, id="T1-last-microsecond"),
        pytest.param(TOUCHING, "2026-11-10T12:00", True, id="T1-where-windows-touch"),
        pytest.param(NIGHTS, "2026-11-14T05:59-06:00", True, id="T1-saturday-morning-is-friday's"),
        pytest.param(NIGHTS, "2026-11-15T23:00-06:00", False, id="T1-no-sunday-night"),
        pytest.param(NIGHTS, "2026-11-16T01:00-06:00", False, id="T1-monday-morning-would-be-sunday's"),
    ],
)
def test_open_or_closed(spec: str, when: str, is_open: bool) -> None:
    assert calendar(spec).is_open(at(when)) is is_open


@pytest.mark.parametrize(
    ("zone", "hours", "on", "expected"),
    [
        pytest.param("America/Chicago", "01:00-04:00", "2026-03-08", [("2026-03-08T07:00", "2026-03-08T09:00")],
                     id="T1-gap-shortens"),
        pytest.param("America/Chicago", "01:00-04:00", "2026-11-01", [("2026-11-01T06:00", "2026-11-01T10:00")],
                     id="T1-overlap-lengthens"),
        pytest.param("America/Chicago", "02:15-02:45", "2026-03-08", [], id="T1-without-length-is-none"),
        pytest.param("America/Chicago", "02:30-03:30", "2026-03-08", [("2026-03-08T08:00", "2026-03-08T08:30")],
                     id="T8-skipped-opening"),
        pytest.param("America/Chicago", "01:15-02:30", "2026-03-08", [("2026-03-08T07:15", "2026-03-08T08:00")],
                     id="T8-skipped-closing"),
        pytest.param("America/Chicago", "01:15-01:45", "2026-11-01", [("2026-11-01T06:15", "2026-11-01T06:45")],
                     id="T8-first-occurrence-of-both"),
        pytest.param("America/Chicago", "01:30-02:00", "2026-11-01", [("2026-11-01T06:30", "2026-11-01T08:00")],
                     id="T8-first-occurrence-of-one"),
        pytest.param("America/Chicago", "22:00-02:30", "2026-03-07", [("2026-03-08T04:00", "2026-03-08T08:00")],
                     id="T8-overnight-into-gap"),
        pytest.param("Australia/Lord_Howe", "01:00-03:00", "2026-04-05", [("2026-04-04T14:00", "2026-04-04T16:30")],
                     id="T1-Lord-Howe-half-an-hour-longer"),
        pytest.param("Australia/Lord_Howe", "01:00-03:00", "2026-10-04", [("2026-10-03T14:30", "2026-10-03T16:00")],
                     id="T1-Lord-Howe-half-an-hour-shorter"),
        pytest.param("Australia/Lord_Howe", "02:10-02:20", "2026-10-04", [], id="T1-Lord-Howe-gap"),
        pytest.param("Australia/Lord_Howe", "02:10-02:40", "2026-10-04", [("2026-10-03T15:30", "2026-10-03T15:40")],
                     id="T8-Lord-Howe-gap-ends-02:30"),
        pytest.param("Pacific/Apia", "08:00-17:00", "2011-12-29", [("2011-12-29T18:00", "2011-12-30T03:00")],
                     id="T8-Apia-before-the-skipped-day"),
        pytest.param("Pacific/Apia", "08:00-17:00", "2011-12-30", [], id="T8-Apia-skipped-day"),
        pytest.param("Pacific/Apia", "08:00-17:00", "2011-12-31", [("2011-12-30T18:00", "2011-12-31T03:00")],
                     id="T8-Apia-after-the-skipped-day"),
        pytest.param("Pacific/Apia", "20:00-08:00", "2011-12-29", [("2011-12-30T06:00", "2011-12-30T10:00")],
                     id="T8-Apia-overnight-into-the-skipped-day"),
        pytest.param("Pacific/Apia", "20:00-08:00", "2011-12-30", [("2011-12-30T10:00", "2011-12-30T18:00")],
                     id="T8-Apia-overnight-out-of-the-skipped-day"),
        pytest.param("Africa/Casablanca", "01:00-04:00", "2026-02-15", [("2026-02-15T00:00", "2026-02-15T04:00")],
                     id="T1-Casablanca-Ramadan-begins"),
        pytest.param("Africa/Casablanca", "01:00-04:00", "2026-03-22", [("2026-03-22T01:00", "2026-03-22T03:00")],
                     id="T1-Casablanca-Ramadan-ends"),
        pytest.param("Antarctica/Troll", "01:30-02:30", "2026-03-29", [], id="T1-Troll-two-hours-skipped"),
        pytest.param("Antarctica/Troll", "00:00-24:00", "2026-03-29", [("2026-03-29T00:00", "2026-03-29T22:00")],
                     id="T1-Troll-day-of-22-hours"),
    ],
)  # fmt: skip
def test_windows_of_a_dst_day(zone: str, hours: str, on: str, expected: list[tuple[str, str]]) -> None:
    assert day_windows(f"{{timezone: {zone}, hours: {{daily: {hours}}}}}", on) == expected


@pytest.mark.parametrize(
    ("more", "on", "expected"),
    [
        pytest.param("holidays: US-WI", "2026-11-26", [], id="Thanksgiving"),
        pytest.param("holidays: US-WI", "2026-12-31", [], id="New-Year's-Eve-is-a-holiday-of-Wisconsin"),
        pytest.param("holidays: US-WI, not_holidays: [New Year's Eve]", "2026-12-31", ["14:00", "18:30"],
                     id="not_holidays-works"),
        pytest.param("holidays: US-WI, not_holidays: [New Year's Eve]", "2027-12-31", [],
                     id="not_holidays-all-names-must-be-listed"),
        pytest.param("holidays: US-WI, not_holidays: [New Year's Eve, New Year's Day (observed)]", "2027-12-31",
                     ["14:00", "18:30"], id="not_holidays-all-names-are-listed"),
        pytest.param("closed: [2026-12-24]", "2026-12-24", [], id="closed"),
        pytest.param("holidays: US-WI, not_holidays: [New Year's Eve], closed: [2026-12-31]", "2026-12-31", [],
                     id="closed-beats-not_holidays"),
        pytest.param("open: {2026-12-26: 10:00-11:00}", "2026-12-26", ["16:00"], id="open-replaces-the-windows"),
        pytest.param("holidays: US-WI, open: {2026-12-25: 10:00-11:00}", "2026-12-25", ["16:00"],
                     id="open-replaces-a-holiday"),
        pytest.param("closed: [2026-12-24], open: {2026-12-24: 10:00-11:00}", "2026-12-24", ["16:00"],
                     id="open-replaces-closed"),
        pytest.param("open: {2026-12-27: 22:00-02:00}", "2026-12-27", ["04:00"], id="open-on-a-sunday-night"),
    ],
)  # fmt: skip
def test_dates_of_their_own(more: str, on: str, expected: list[str]) -> None:
    spec = CLINIC.removesuffix("}") + f", {more}}}"
    assert [opens[11:] for opens, _ in day_windows(spec, on)] == expected


def test_overnight_window_goes_with_the_date_on_which_it_opens() -> None:
    """T1: every instant of 22:00-06:00 belongs to the evening's date, so that date's closing takes the morning too."""
    friday, saturday = (
        calendar(NIGHTS.removesuffix("}") + f", closed: [{on}]}}") for on in ("2026-11-13", "2026-11-14")
    )
    assert not friday.is_open(at("2026-11-14T03:00-06:00"))
    assert saturday.is_open(at("2026-11-14T03:00-06:00"))


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda c: c.is_open(FIRST - 1), id="before-2000"),
        pytest.param(lambda c: c.is_open(LAST + 1), id="after-2099"),
        pytest.param(lambda c: c.between(FIRST - 1, FIRST), id="between"),
        pytest.param(lambda c: c.opening(LAST), id="no-opening-left"),
        pytest.param(lambda c: c.closing(FIRST), id="no-closing-yet"),
        pytest.param(lambda c: c.add(LAST - HOUR, 20 * HOUR), id="sum-past-2099"),
        pytest.param(lambda c: c.add(at("2020-01-01T00:00"), 10**9 * HOUR), id="sum-of-a-hundred-thousand-years"),
        pytest.param(lambda c: c.sub(at("2000-01-03T15:00Z"), 5 * HOUR), id="difference-before-2000"),
        pytest.param(lambda c: c.later(LAST - 24 * HOUR, 2), id="business-days-past-2099"),
        pytest.param(lambda c: c.earlier(at("2000-01-03T15:00Z"), 3), id="business-days-before-2000"),
        pytest.param(lambda c: c.end_of(LAST - 24 * HOUR, 2), id="end-of-a-day-past-2099"),
    ],
)
def test_outside_the_range_t9(ask: Callable[[Calendar], object]) -> None:
    """T9: an error that names the calendar, never a wrong answer."""
    with pytest.raises(CalendarRangeError, match=r"calendar c: .*2000-01-01 to 2099-12-31") as refused:
        ask(Calendar(calendar(WEEKDAYS).spec))
    assert refused.value.calendar == "c"


def test_the_first_and_the_last_instant_are_answered_t9() -> None:
    always = calendar("{timezone: UTC, hours: {daily: 00:00-24:00}}")
    assert always.is_open(FIRST)
    assert always.is_open(LAST)
    assert always.add(FIRST, LAST - FIRST) == LAST
    assert always.sub(LAST, LAST - FIRST) == FIRST


def test_years_built_in_any_order_answer_alike_t9() -> None:
    asked = [at(f"{year}-06-15T15:00-05:00") for year in (2050, 2001, 2030, 2099, 2000)]
    spec = calendar(WEEKDAYS).spec
    once = Calendar(spec)
    assert [once.add(when, 30 * HOUR) for when in asked] == [Calendar(spec).add(when, 30 * HOUR) for when in asked]


@pytest.mark.parametrize("windows", range(3 * FEW))
def test_any_number_of_windows_lies_between(windows: int) -> None:
    """T2: few are passed one by one, many by bisection: both end in the same window."""
    asked = calendar("{timezone: UTC, hours: {daily: 08:00-10:00}}")
    start, end = at("2026-03-02T09:00"), at("2026-03-02T09:00") + windows * 24 * HOUR
    for minutes in (-59, 0, 59):
        shift = minutes * MINUTE
        if windows or shift > 0:
            assert asked.add(start, 2 * windows * HOUR + shift) == end + shift
            assert asked.sub(end, 2 * windows * HOUR + shift) == start - shift
