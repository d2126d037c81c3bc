"""What counts between two instants: hand-checked tables."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from schemas import instants
from schemas.policy import HOUR, MINUTE, CalendarSpec, Window
from streams.core.calendars import Calendar
from streams.core.explain_intervals import counted, intervals
from streams.core.explain_off import off

DAY: tuple[Window, ...] = ((8 * 60, 12 * 60), (12 * 60 + 30, 17 * 60))
SATURDAY: tuple[Window, ...] = ((9 * 60, 12 * 60),)
CLINIC = CalendarSpec(
    name="clinic",
    timezone="America/Chicago",
    hours=(DAY,) * 5 + (SATURDAY, ()),
    holidays="US-WI",
    not_holidays=frozenset({"New Year's Eve"}),
    closed=frozenset({date(2026, 11, 27), date(2026, 12, 24)}),
    open={date(2026, 12, 26): SATURDAY, date(2026, 11, 27): ((8 * 60, 9 * 60),)},
)
ROUND_THE_CLOCK = CalendarSpec("always", "America/Chicago", (((0, 1440),),) * 7)
NIGHTS = CalendarSpec("nights", "America/Chicago", (((22 * 60, 30 * 60),),) * 7, closed=frozenset({date(2026, 11, 10)}))
MOMENTS = CalendarSpec("moments", "America/Chicago", (((130, 140), (240, 250)),) * 7)
TOUCHING = CalendarSpec("touching", "America/Chicago", (((480, 720), (720, 1020)),) * 7)


def at(local: str) -> int:
    return instants.parse(local)


def said(
    spec: CalendarSpec, start: str, end: str, *, elapsed: bool = False, pauses: tuple[tuple[str, str], ...] = ()
) -> list[str]:
    """Each interval as `end why`, a counted one with `+`."""
    calendar = Calendar(spec)
    spans = [(at(begin), at(stop)) for begin, stop in pauses]
    found = intervals(calendar, at(start), at(end), spans, elapsed=elapsed)
    assert found[0].start == at(start)
    assert all(before.end == after.start for before, after in pairwise(found))
    return [f"{instants.text(each.end)} {'+' if each.counted else '-'} {each.why}" for each in found]


def test_a_lunch_a_night_and_a_holiday() -> None:
    assert said(CLINIC, "2026-11-10T11:00:00-06:00", "2026-11-12T09:00:00-06:00") == [
        "2026-11-10T18:00:00Z + open",
        "2026-11-10T18:30:00Z - closed",
        "2026-11-10T23:00:00Z + open",
        "2026-11-11T06:00:00Z - closed",
        "2026-11-12T06:00:00Z - holiday: Veterans Day",
        "2026-11-12T14:00:00Z - closed",
        "2026-11-12T15:00:00Z + open",
    ]


def test_closed_by_the_policy_a_holiday_a_date_with_its_own_hours_a_sunday() -> None:
    """24 December is closed by the policy and a holiday too: the holiday has a name to tell."""
    assert said(CLINIC, "2026-12-24T00:00:00-06:00", "2026-12-28T08:00:00-06:00") == [
        "2026-12-25T06:00:00Z - holiday: Christmas Eve",
        "2026-12-26T06:00:00Z - holiday: Christmas Day",
        "2026-12-26T15:00:00Z - closed",
        "2026-12-26T18:00:00Z + open",
        "2026-12-28T14:00:00Z - closed",
    ]


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-11-11", "holiday: Veterans Day"),
        ("2026-11-10", None),
        ("2026-12-31", None),  # in not_holidays
        ("2026-11-27", None),  # closed, but with hours of its own, which win
        ("2026-02-15", None),  # Susan B. Anthony Day is a Sunday, without hours anyway
        ("2026-07-04", "holiday: Independence Day"),  # a Saturday, which has hours
    ],
)
def test_why_a_date_is_off(day: str, why: str | None) -> None:
    assert off(CLINIC, date.fromisoformat(day)) == why


def test_a_date_that_the_policy_closes() -> None:
    assert off(NIGHTS, date(2026, 11, 10)) == "closed: 2026-11-10"


@pytest.mark.parametrize("language", ["th", "uk", "C"])
def test_holidays_are_named_in_english_whatever_the_environment(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", language)
    spec = CalendarSpec("oslo", "Europe/Oslo", (DAY,) * 7, holidays="NO", not_holidays=frozenset({language}))
    assert off(spec, date(2026, 5, 17)) == "holiday: Constitution Day"


def test_a_night_that_a_closed_date_takes_with_it() -> None:
    """The night of 10 November would have run to 06:00 of the 11th; that of the 9th still does, to the 10th."""
    assert said(NIGHTS, "2026-11-10T05:00:00-06:00", "2026-11-11T23:00:00-06:00") == [
        "2026-11-10T12:00:00Z + open",
        "2026-11-11T12:00:00Z - closed: 2026-11-10",
        "2026-11-12T04:00:00Z - closed",
        "2026-11-12T05:00:00Z + open",
    ]


def test_touching_windows_are_one() -> None:
    assert said(TOUCHING, "2026-11-10T09:00:00-06:00", "2026-11-10T16:00:00-06:00") == ["2026-11-10T22:00:00Z + open"]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-11-02", 24)])
def test_a_day_on_which_the_clocks_change(day: str, hours: int) -> None:
    calendar = Calendar(ROUND_THE_CLOCK)
    ordinal = date.fromisoformat(day).toordinal()
    found = intervals(calendar, calendar.instant(ordinal, 0), calendar.instant(ordinal + 1, 0))
    assert counted(found) == hours * HOUR
    assert [each.why for each in found] == ["open"]


def test_a_window_that_a_change_leaves_without_length_is_none() -> None:
    """02:10 to 02:20 does not exist on 8 March 2026; 04:00 to 04:10 does."""
    assert said(MOMENTS, "2026-03-08T00:00:00-06:00", "2026-03-08T12:00:00-05:00") == [
        "2026-03-08T09:00:00Z - closed",
        "2026-03-08T09:10:00Z + open",
        "2026-03-08T17:00:00Z - closed",
    ]


def test_elapsed_time_counts_at_all_hours_but_not_in_a_pause() -> None:
    pauses = (("2026-11-10T12:00:00-06:00", "2026-11-11T12:00:00-06:00"),)
    assert said(CLINIC, "2026-11-10T11:00:00-06:00", "2026-11-12T09:00:00-06:00", elapsed=True, pauses=pauses) == [
        "2026-11-10T18:00:00Z + elapsed",
        "2026-11-11T18:00:00Z - paused",
        "2026-11-12T15:00:00Z + elapsed",
    ]


def test_a_pause_lies_over_open_and_closed_time() -> None:
    pauses = (
        ("2026-11-09T09:00:00-06:00", "2026-11-09T09:00:00-06:00"),
        ("2026-11-09T10:00:00-06:00", "2026-11-09T12:15:00-06:00"),
        ("2026-11-09T12:15:00-06:00", "2026-11-09T13:00:00-06:00"),
    )
    assert said(CLINIC, "2026-11-09T08:00:00-06:00", "2026-11-09T14:00:00-06:00", pauses=pauses) == [
        "2026-11-09T16:00:00Z + open",
        "2026-11-09T19:00:00Z - paused",
        "2026-11-09T20:00:00Z + open",
    ]


def test_a_pause_that_lasts_takes_all_that_follows() -> None:
    begin, end = at("2026-11-09T08:00:00-06:00"), at("2026-11-20T08:00:00-06:00")
    found = intervals(Calendar(CLINIC), begin, end, [(begin + 90 * MINUTE, None)])
    assert [(each.counted, each.end - each.start) for each in found] == [
        (True, 90 * MINUTE),
        (False, end - begin - 90 * MINUTE),
    ]


@pytest.mark.parametrize("end", ["2026-11-09T08:00:00Z", "2026-11-08T08:00:00Z"])
def test_no_time_at_all(end: str) -> None:
    assert intervals(Calendar(CLINIC), at("2026-11-09T08:00:00Z"), at(end)) == []


@pytest.mark.parametrize(
    ("start", "end"),
    [("2000-01-01T00:00:00Z", "2000-01-04T00:00:00Z"), ("2099-12-29T00:00:00Z", "2099-12-31T23:59:59Z")],
)
def test_the_edges_of_the_range(start: str, end: str) -> None:
    calendar = Calendar(CLINIC)
    found = intervals(calendar, at(start), at(end))
    assert (found[0].start, found[-1].end) == (at(start), at(end))
    assert counted(found) == calendar.between(at(start), at(end))
