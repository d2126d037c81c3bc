"""Business days and the same local time on another of them: T3, T6, T8 and T10 as tables.

Times are written with the offset that the zone has at that instant, so that each line can be checked with a clock and
a calendar of the year alone. In 2026 the 10th of November is a Tuesday.
"""

from __future__ import annotations

import pytest

from schemas import instants
from streams.core.calendars import Calendar
from tests.contract.build import CLINIC, at, calendar

WEEKDAYS = (
    "{timezone: America/Chicago, hours: {mon-fri: 08:00-12:00 12:30-17:00, sat: 09:00-12:00}, business_days: mon-fri}"
)
NIGHTS = "{timezone: America/Chicago, hours: {mon-fri: 22:00-06:00}}"
TOUCHING = "{timezone: UTC, hours: {daily: 08:00-12:00 12:00-16:00}}"
ROUND = "{timezone: America/Chicago, hours: {daily: 00:00-24:00}}"
UNEVEN = "{timezone: UTC, hours: {mon: 08:00-17:00, tue: 08:00-12:00 13:00-17:00}}"


def same(found: int, expected: str) -> None:
    assert instants.text(found) == instants.text(at(expected))


@pytest.mark.parametrize(
    ("spec", "start", "days", "expected"),
    [
        pytest.param(WEEKDAYS, "2026-11-10T10:00-06:00", 2, "2026-11-12T10:00-06:00", id="T3-same-local-time"),
        pytest.param(WEEKDAYS, "2026-11-13T10:00-06:00", 1, "2026-11-16T10:00-06:00", id="T3-saturday-not-named"),
        pytest.param(CLINIC, "2026-11-13T10:00-06:00", 1, "2026-11-14T10:00-06:00", id="T3-every-day-with-a-window"),
        pytest.param(WEEKDAYS, "2026-11-14T10:00-06:00", 1, "2026-11-16T10:00-06:00", id="T3-start-on-no-business-day"),
        pytest.param(CLINIC, "2026-11-13T08:30-06:00", 1, "2026-11-14T09:00-06:00", id="T3-next-opening-of-that-day"),
        pytest.param(CLINIC, "2026-11-13T15:00-06:00", 1, "2026-11-14T12:00-06:00", id="T3-last-closing-of-that-day"),
        pytest.param(CLINIC, "2026-11-13T12:00-06:00", 1, "2026-11-14T12:00-06:00",
                     id="T3-effective-start-after-lunch"),
        pytest.param(UNEVEN, "2026-11-09T12:30", 1, "2026-11-10T13:00", id="T3-into-that-day's-lunch"),
        pytest.param(WEEKDAYS, "2026-11-10T18:00-06:00", 1, "2026-11-12T08:00-06:00", id="T3-closed-start"),
        pytest.param(WEEKDAYS, "2026-11-10T17:00-06:00", 1, "2026-11-12T08:00-06:00", id="T3-closing-is-closed"),
        pytest.param(NIGHTS, "2026-11-14T02:00-06:00", 1, "2026-11-17T02:00-06:00", id="T3-a-date-after-its-own-day"),
        pytest.param(NIGHTS, "2026-11-12T23:00-06:00", 1, "2026-11-13T23:00-06:00", id="T3-overnight-evening"),
        pytest.param(WEEKDAYS, "2026-03-06T10:00-06:00", 1, "2026-03-09T10:00-05:00", id="T3-local-time-over-dst"),
        pytest.param(ROUND, "2026-03-07T02:30-06:00", 1, "2026-03-08T03:00-05:00", id="T8-skipped-local-time"),
        pytest.param(ROUND, "2026-10-31T01:30-05:00", 1, "2026-11-01T01:30-05:00", id="T8-first-occurrence"),
        pytest.param(ROUND, "2026-11-01T01:30-06:00", 1, "2026-11-02T01:30-06:00", id="T8-from-second-occurrence"),
        pytest.param("{timezone: Pacific/Apia, hours: {daily: 08:00-17:00}}", "2011-12-29T10:00-10:00", 1,
                     "2011-12-31T10:00+14:00", id="T3-Apia-skipped-day-is-none"),
    ],
)  # fmt: skip
def test_business_days_later(spec: str, start: str, days: int, expected: str) -> None:
    same(calendar(spec).later(at(start), days), expected)


@pytest.mark.parametrize(
    ("spec", "start", "days", "expected"),
    [
        pytest.param(WEEKDAYS, "2026-11-10T10:00-06:00", 3, "2026-11-13T17:00-06:00", id="T3-end-of-3"),
        pytest.param(WEEKDAYS, "2026-11-10T10:00-06:00", 0, "2026-11-10T17:00-06:00", id="T3-end-of-0"),
        pytest.param(WEEKDAYS, "2026-11-10T17:00-06:00", 0, "2026-11-11T17:00-06:00", id="T3-end-of-0-after-closing"),
        pytest.param(WEEKDAYS, "2026-11-14T10:00-06:00", 0, "2026-11-14T12:00-06:00", id="T3-end-of-0-on-saturday"),
        pytest.param(WEEKDAYS, "2026-11-14T10:00-06:00", 1, "2026-11-16T17:00-06:00", id="T3-end-of-1-from-saturday"),
        pytest.param(NIGHTS, "2026-11-09T23:00-06:00", 0, "2026-11-10T06:00-06:00", id="T3-end-of-0-past-midnight"),
        pytest.param(NIGHTS, "2026-11-14T05:00-06:00", 1, "2026-11-17T06:00-06:00", id="T3-end-of-1-from-friday-night"),
    ],
)
def test_end_of_business_days(spec: str, start: str, days: int, expected: str) -> None:
    same(calendar(spec).end_of(at(start), days), expected)


@pytest.mark.parametrize(
    ("spec", "anchor", "days", "expected"),
    [
        pytest.param(WEEKDAYS, "2026-11-12T10:00-06:00", 1, "2026-11-11T10:00-06:00", id="T10-same-local-time"),
        pytest.param(WEEKDAYS, "2026-11-16T10:00-06:00", 1, "2026-11-13T10:00-06:00", id="T10-over-the-weekend"),
        pytest.param(WEEKDAYS, "2026-11-12T12:10-06:00", 1, "2026-11-11T12:00-06:00", id="T10-preceding-closing"),
        pytest.param(WEEKDAYS, "2026-11-12T17:00-06:00", 1, "2026-11-11T17:00-06:00", id="T10-closing-is-its-own"),
        pytest.param(WEEKDAYS, "2026-11-15T12:00-06:00", 1, "2026-11-13T12:00-06:00", id="T10-from-sunday"),
        pytest.param(WEEKDAYS, "2026-11-16T06:00-06:00", 1, "2026-11-13T12:00-06:00", id="T10-from-before-opening"),
        pytest.param(WEEKDAYS, "2026-11-16T08:00-06:00", 1, "2026-11-13T08:00-06:00", id="T10-opening-is-open"),
        pytest.param(CLINIC, "2026-11-16T08:15-06:00", 1, "2026-11-14T09:00-06:00", id="T10-first-opening-of-that-day"),
        pytest.param(CLINIC, "2026-11-16T14:00-06:00", 1, "2026-11-14T12:00-06:00", id="T10-closing-of-that-day"),
        pytest.param(NIGHTS, "2026-11-17T02:00-06:00", 1, "2026-11-14T02:00-06:00", id="T10-a-date-after-its-own-day"),
        pytest.param(NIGHTS, "2026-11-17T12:00-06:00", 1, "2026-11-14T06:00-06:00", id="T10-closing-past-midnight"),
        pytest.param(TOUCHING, "2026-11-12T12:00", 1, "2026-11-11T12:00", id="T10-where-windows-touch"),
    ],
)
def test_business_days_earlier(spec: str, anchor: str, days: int, expected: str) -> None:
    same(calendar(spec).earlier(at(anchor), days), expected)


@pytest.mark.parametrize(
    ("spec", "due", "expected"),
    [
        pytest.param(
            WEEKDAYS, "2026-11-10T17:00-06:00", "2026-11-11T17:00-06:00", id="T6-closing-in-the-day-it-closes"
        ),
        pytest.param(WEEKDAYS, "2026-11-10T12:00-06:00", "2026-11-11T12:30-06:00", id="T6-closing-at-lunch"),
        pytest.param(CLINIC, "2026-11-13T17:00-06:00", "2026-11-14T12:00-06:00", id="T6-last-closing-of-saturday"),
        pytest.param(NIGHTS, "2026-11-14T06:00-06:00", "2026-11-17T06:00-06:00", id="T6-closing-past-midnight"),
        pytest.param(WEEKDAYS, "2026-11-10T10:00-06:00", "2026-11-11T10:00-06:00", id="T6-open-due-as-T3"),
        pytest.param(WEEKDAYS, "2026-11-10T20:00-06:00", "2026-11-12T08:00-06:00", id="T6-closed-due-as-T3"),
    ],
)
def test_a_business_day_after_the_due(spec: str, due: str, expected: str) -> None:
    same(calendar(spec).later_from_due(at(due), 1), expected)


def test_first_asked_on_a_closed_new_years_day_t10() -> None:
    """T9, T10: the answer lies in a year that is built only while it is asked."""
    fresh = Calendar(calendar(WEEKDAYS.removesuffix("}") + ", closed: [2027-01-01]}").spec)
    same(fresh.earlier(at("2027-01-01T10:00-06:00"), 1), "2026-12-30T17:00-06:00")
