"""Instants and their text: RFC 3339 with an offset in, UTC with `Z` out (sections 2, 4); case 29 of the faults."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import instants

NOON = instants.of(datetime(2026, 11, 10, 12, tzinfo=UTC))
MOMENTS = st.integers(min_value=instants.FIRST, max_value=instants.LAST)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        pytest.param("2026-11-10T12:00:00Z", 0, id="Z"),
        pytest.param("2026-11-10t12:00:00z", 0, id="small-letters"),
        pytest.param("2026-11-10 12:00:00Z", 0, id="a-space"),
        pytest.param("2026-11-10T06:00:00-06:00", 0, id="west"),
        pytest.param("2026-11-10T17:45:00+05:45", 0, id="east"),
        pytest.param("2026-11-11T02:00:00+14:00", 0, id="another-day"),
        pytest.param("2026-11-10T12:00:00-00:00", 0, id="an-offset-that-is-unknown"),
        pytest.param("2026-11-10T12:00:00.5Z", 500_000, id="a-fraction"),
        pytest.param("2026-11-10T12:00:00.000001Z", 1, id="a-microsecond"),
        pytest.param("2026-11-10T12:00:00.1234567Z", 123_456, id="finer-is-cut-off"),
        pytest.param("2026-11-10T12:00:00.0Z", 0, id="a-zero-fraction"),
    ],
)
def test_reading(text: str, micros: int) -> None:
    assert instants.parse(text) == NOON + micros


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("2026-11-10T12:00:00", "has no offset", id="case-29-no-offset"),
        pytest.param("2026-11-10 12:00", "has no offset", id="case-29-no-seconds-either"),
        pytest.param("2026-11-10T12:00:00.25", "has no offset", id="case-29-a-fraction"),
        pytest.param("2026-11-10", "is not RFC 3339", id="a-date"),
        pytest.param("1794312000", "is not RFC 3339", id="a-number"),
        pytest.param("2026-11-10T12:00Z", "is not RFC 3339", id="no-seconds"),
        pytest.param("2026-11-10T12:00:00+0600", "is not RFC 3339", id="an-offset-without-colon"),
        pytest.param("2026-11-10T12:00:00,5Z", "is not RFC 3339", id="a-comma"),
        pytest.param("\u0662026-11-10T12:00:00Z", "is not RFC 3339", id="other-digits"),
        pytest.param("", "is not RFC 3339", id="nothing"),
        pytest.param(" 2026-11-10T12:00:00Z", "is not RFC 3339", id="a-blank"),
        pytest.param("2026-11-10T12:00:00Z\n", "is not RFC 3339", id="a-line-end"),
        pytest.param("2026-02-29T12:00:00Z", "a date that does not exist", id="no-leap-year"),
        pytest.param("2026-13-10T12:00:00Z", "a date that does not exist", id="month-13"),
        pytest.param("0000-01-01T12:00:00Z", "a date that does not exist", id="year-0"),
        pytest.param("2026-11-10T24:00:00Z", "does not exist", id="hour-24"),
        pytest.param("2026-11-10T12:60:00Z", "does not exist", id="minute-60"),
        pytest.param("2026-11-10T23:59:60Z", "does not exist", id="a-leap-second"),
        pytest.param("2026-11-10T12:00:00+24:00", "does not exist", id="offset-24"),
        pytest.param("2026-11-10T12:00:00+05:60", "does not exist", id="offset-minute-60"),
    ],
)
def test_refusing(text: str, said: str) -> None:
    """The message says what would be right, and never repeats what was given."""
    with pytest.raises(ValueError, match=said) as refused:
        instants.parse(text)
    assert not text.strip() or text.strip() not in str(refused.value)


@pytest.mark.parametrize(
    ("micros", "text", "compact"),
    [
        pytest.param(0, "2026-11-10T12:00:00Z", "20261110T120000Z", id="whole"),
        pytest.param(1, "2026-11-10T12:00:00.000001Z", "20261110T120000.000001Z", id="a-microsecond"),
        pytest.param(500_000, "2026-11-10T12:00:00.5Z", "20261110T120000.500000Z", id="no-trailing-zeros-but-in-ids"),
        pytest.param(-1, "2026-11-10T11:59:59.999999Z", "20261110T115959.999999Z", id="just-before"),
    ],
)
def test_writing(micros: int, text: str, compact: str) -> None:
    assert instants.text(NOON + micros) == text
    assert instants.compact(NOON + micros) == compact


@given(MOMENTS)
def test_what_is_written_is_read_back(instant: int) -> None:
    assert instants.parse(instants.text(instant)) == instant
    assert instants.parse_compact(instants.compact(instant)) == instant


@given(MOMENTS, st.integers(min_value=-1439, max_value=1439))
def test_any_offset_is_the_same_instant(instant: int, minutes: int) -> None:
    moment = (instants.EPOCH + timedelta(microseconds=instant)).astimezone(UTC)
    local = moment + timedelta(minutes=minutes)
    sign = "-" if minutes < 0 else "+"
    offset = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    assert instants.parse(f"{local:%Y-%m-%dT%H:%M:%S.%f}{offset}") == instant


def test_the_range_is_that_of_the_calendars() -> None:
    """T9."""
    assert instants.text(instants.FIRST) == "2000-01-01T00:00:00Z"
    assert instants.text(instants.LAST) == "2099-12-31T23:59:59.999999Z"


@given(MOMENTS, st.sampled_from(["{}Z", "{}.{:03d}Z", "{}.{:06d}Z", "{}+00:00", "{}.{:03d}z"]), st.data())
def test_a_minute_that_was_read_before_changes_nothing(moment: int, form: str, data: st.DataObject) -> None:
    """What is remembered of minutes is never asked for what the whole form refuses, or reads otherwise."""
    whole = instants.text(moment - moment % instants.SECOND)[:-1]
    text = form.format(whole, moment % 1_000)
    if data.draw(st.booleans(), "marred"):
        at = data.draw(st.integers(0, len(text) - 1), "at")
        text = text[:at] + data.draw(st.sampled_from("0 9:.ZzT+-\u0665x"), "by") + text[at + 1 :]
    instants.parse(f"{whole}Z")
    assert _said(instants.parse, text) == _said(instants._read, text)


def test_what_is_remembered_of_minutes_is_bounded() -> None:
    for number in range(instants.MINUTES_KEPT + 10):
        instants.parse(instants.text(NOON + number * 60 * instants.SECOND))
    assert len(instants._MINUTES) <= instants.MINUTES_KEPT


def _said(read: Callable[[str], int], text: str) -> int | str:
    try:
        return read(text)
    except ValueError as error:
        return str(error)
