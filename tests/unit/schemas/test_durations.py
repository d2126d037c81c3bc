"""Durations, `end of N business days` and instants, as tables of cases."""

from __future__ import annotations

import pytest

from schemas import durations
from schemas.policy import DAY, HOUR, MINUTE, Duration, Unit

ELAPSED, OPEN, DAYS = Unit.ELAPSED, Unit.OPEN, Unit.BUSINESS_DAYS


@pytest.mark.parametrize(
    ("text", "unit", "amount"),
    [
        ("1 minute", ELAPSED, MINUTE),
        ("1 minutes", ELAPSED, MINUTE),
        ("90 minutes", ELAPSED, 90 * MINUTE),
        ("7.77 minutes", ELAPSED, 466_200_000),
        ("0.01 minutes", ELAPSED, 600_000),
        ("0.37 hours", ELAPSED, 1_332_000_000),
        ("1.5 hours", ELAPSED, 90 * MINUTE),
        ("2.25 days", ELAPSED, 54 * HOUR),
        ("1.50 days", ELAPSED, 36 * HOUR),
        ("36525 days", ELAPSED, 36525 * DAY),
        ("40 business minutes", OPEN, 40 * MINUTE),
        ("1 business hour", OPEN, HOUR),
        ("1.5 business hours", OPEN, 90 * MINUTE),
        ("4  business  hours", OPEN, 4 * HOUR),
        ("1 business day", DAYS, 1),
        ("12 business days", DAYS, 12),
    ],
)
def test_a_duration_is_read(text: str, unit: Unit, amount: int) -> None:
    assert durations.duration(text) == Duration(unit, amount, text)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("", "write `N minutes`"),
        ("4", "write `N minutes`"),
        ("hours", "write `N minutes`"),
        ("4hours", "write `N minutes`"),
        ("4 Hours", "write `N minutes`"),
        ("-4 hours", "write `N minutes`"),
        ("4e1 hours", "write `N minutes`"),
        (".5 hours", "write `N minutes`"),
        ("4. hours", "write `N minutes`"),
        ("four hours", "write `N minutes`"),
        ("4 weeks", "write `N minutes`"),
        ("4 hours business", "write `N minutes`"),
        ("1 hour 30 minutes", "write `N minutes`"),
        ("٤ hours", "write `N minutes`"),
        ("9999999999 days", "write `N minutes`"),
        ("0 hours", "above 0"),
        ("0.00 business hours", "above 0"),
        ("0 business days", "above 0"),
        ("1.234 hours", "at most two"),
        ("1.5 business days", "business days are whole"),
        ("2.0 business days", "business days are whole"),
        ("36525.01 days", "at most 36525 days"),
        ("36526 business days", "at most 36525 days"),
    ],
)
def test_a_duration_out_of_form_is_refused_with_what_would_be_right(text: str, right: str) -> None:
    with pytest.raises(ValueError, match="`") as refused:
        durations.duration(text)
    assert right in str(refused.value)


def test_elapsed_time_is_microseconds() -> None:
    assert durations.elapsed("5 minutes") == 5 * MINUTE
    assert durations.elapsed("25.5 days") == 612 * HOUR


@pytest.mark.parametrize("text", ["1 business day", "2 business hours", "0 business days", "3"])
def test_elapsed_time_takes_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match="`N minutes`, `N hours` or `N days`"):
        durations.elapsed(text)


def test_elapsed_time_is_above_zero() -> None:
    with pytest.raises(ValueError, match="above 0"):
        durations.elapsed("0 days")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0 minutes", 0),
        ("0 hours", 0),
        ("0 business minutes", 0),
        ("20 business minutes", 20 * MINUTE),
        ("1.5 business hours", 90 * MINUTE),
    ],
)
def test_lead_is_open_time_or_off(text: str, amount: int) -> None:
    assert durations.lead(text) == Duration(OPEN, amount, text)


@pytest.mark.parametrize("text", ["1 hour", "30 minutes", "1 business day", "0 business days", "0 days", "off", "0"])
def test_lead_takes_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match="`N business minutes` or `N business hours`, or `0 minutes`"):
        durations.lead(text)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("end of 0 business days", 0),
        ("end of 1 business day", 1),
        ("end of 3 business days", 3),
    ],
)
def test_the_end_of_a_business_day_is_read(text: str, days: int) -> None:
    assert durations.end_of_day(text) == days


@pytest.mark.parametrize(
    "text", ["3 business days", "end of 3 days", "end of 1.5 business days", "end of -1 business days", "end of day"]
)
def test_the_end_of_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not `end of N business days`"):
        durations.end_of_day(text)


def test_an_end_that_no_calendar_reaches_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 36525 days"):
        durations.end_of_day("end of 36526 business days")


def test_an_instant_has_an_offset() -> None:
    assert durations.instant("1970-01-01T00:00:00Z") == 0
    assert durations.instant("2026-11-02T08:00:00.5-06:00") == 1_793_628_000_500_000
    with pytest.raises(ValueError, match="`2026-11-02T08:00:00` has no offset; give one"):
        durations.instant("2026-11-02T08:00:00")
