"""Days of the week, windows and dates, as tables of cases."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.policy import Window
from schemas.policy_days import calendar_date, clock, days, spill, windows


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mon", {0}),
        ("sun", {6}),
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("fri-mon", {4, 5, 6, 0}),
        ("sun-thu", {6, 0, 1, 2, 3}),
        ("mon, wed", {0, 2}),
        ("mon,wed,fri", {0, 2, 4}),
        ("mon-wed, sat", {0, 1, 2, 5}),
        ("daily", {0, 1, 2, 3, 4, 5, 6}),
    ],
)
def test_days_are_read(text: str, expected: set[int]) -> None:
    assert days(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Mon", "`Mon` is no day; did you mean `mon`?"),
        ("monday", "`monday` is no day; did you mean `mon`?"),
        ("mon-friday", "`friday` is no day; did you mean `fri`?"),
        ("mon wed", "`mon wed` is no day"),
        ("weekdays", "`weekdays` is no day; days are `mon`"),
        ("", "`` is no day"),
        ("mon,", "is no day"),
        ("mon-wed-fri", "`mon-wed-fri` is no range of days"),
        ("mon-mon", "`mon-mon` is no range of days"),
        ("daily, mon", "`daily` is no day"),
        ("mon-wed, wed", "names wed twice"),
    ],
)
def test_other_days_are_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="day") as refused:
        days(text)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("08:00-17:00", [(480, 1020)]),
        ("08:00-12:00 12:30-17:00", [(480, 720), (750, 1020)]),
        ("12:30-17:00  08:00-12:00", [(480, 720), (750, 1020)]),
        ("00:00-12:00 12:00-24:00", [(0, 720), (720, 1440)]),
        ("00:00-24:00", [(0, 1440)]),
        ("22:00-06:00", [(1320, 1800)]),
        ("22:00-00:00", [(1320, 1440)]),
        ("12:00-09:00", [(720, 1980)]),
        ("08:00-17:00 22:00-02:00", [(480, 1020), (1320, 1560)]),
    ],
)
def test_windows_are_read(text: str, expected: list[Window]) -> None:
    assert windows(text) == tuple(expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no window"),
        ("08:00", "`08:00` is no window; write `HH:MM-HH:MM`"),
        ("480", "`480` is no window"),
        ("8:00-12:00", "`8:00-12:00` is no window"),
        ("08:00 - 12:00", "`08:00` is no window"),
        ("08:00-12:00, 13:00-17:00", "`08:00-12:00,` is no window"),
        ("closed", "`closed` is no window"),
        ("08:60-12:00", "`08:60` is no time of day"),
        ("08:00-25:00", "`25:00` is no time of day"),
        ("08:00-24:01", "`24:01` is no time of day"),
        ("24:00-06:00", "only an end may be 24:00"),
        ("08:00-08:00", "all day is `00:00-24:00`"),
        ("00:00-00:00", "all day is `00:00-24:00`"),
        ("08:00-12:00 11:59-17:00", "`08:00-12:00` and `11:59-17:00` overlap"),
        ("08:00-12:00 08:00-12:00", "overlap"),
        ("20:00-23:00 22:00-06:00", "`20:00-23:00` and `22:00-06:00` overlap"),
        ("22:00-06:00 23:00-23:30", "`22:00-06:00` and `23:00-23:30` overlap"),
    ],
)
def test_other_windows_are_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"window|time of day|all day|24:00") as refused:
        windows(text)
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["08:00-12:00", "22:00-06:00", "00:00-24:00", "12:00-24:00"])
def test_a_window_is_shown_as_written(text: str) -> None:
    assert clock(windows(text)[0]) == text


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        ("22:00-06:00", "06:00-12:00", False),
        ("22:00-06:00", "05:59-12:00", True),
        ("08:00-24:00", "00:00-12:00", False),
        ("22:00-06:00", "22:00-06:00", False),
    ],
)
def test_a_window_may_touch_the_one_that_runs_on_from_the_day_before(before: str, after: str, wrong: bool) -> None:
    said = spill(windows(before), windows(after))
    assert (said is not None and "overlaps `22:00-06:00`" in said) is wrong


def test_a_day_without_windows_overlaps_nothing() -> None:
    assert spill((), windows("00:00-24:00")) is None
    assert spill(windows("22:00-06:00"), ()) is None


def test_a_date_is_read() -> None:
    assert calendar_date("2028-02-29") == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-13-01", "`2026-13-01` does not exist"),
        ("2027-02-29", "`2027-02-29` does not exist"),
        ("20261224", "`20261224` is no date; write YYYY-MM-DD"),
        ("2026-12-24T00:00:00Z", "is no date"),
        ("24.12.2026", "is no date"),
        ("1999-12-30", "a calendar answers for 2000 to 2099"),
        ("2100-01-02", "a calendar answers for 2000 to 2099"),
    ],
)
def test_other_dates_are_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=text) as refused:
        calendar_date(text)
    assert said in str(refused.value)
