"""The clock: real by default, simulated on demand, and the same in every process that is told the same."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import instants
from streams.clock import REAL, Clock, Pace, parse

START = instants.parse("2026-11-02T08:00:00Z")
WALL = 1_793_610_000


def test_the_real_clock_shows_the_wall_clock() -> None:
    clock = Clock()
    before = time.time_ns() // 1000
    now = clock.now()
    assert before <= now <= time.time_ns() // 1000
    assert clock.rate == 1.0
    assert clock.at(1_793_610_000.25) == 1_793_610_000_250_000
    assert clock.wall(1_793_610_000_250_000) == 1_793_610_000.25


def test_a_simulated_clock_starts_when_it_is_made_and_runs_at_its_rate() -> None:
    wall = iter([WALL * 10**9, WALL * 10**9, (WALL + 30) * 10**9])
    clock = Clock(parse("2026-11-02T08:00:00Z@480"), lambda: next(wall))
    assert clock.now() == START
    assert clock.now() == START + 30 * 480 * 1_000_000
    assert clock.rate == 480
    assert clock.pace == Pace(START, 480.0, float(WALL))


def test_clocks_with_one_origin_agree_whenever_they_are_made() -> None:
    pace = parse(f"2026-11-02T08:00:00Z@480@{WALL}")
    early, late = (Clock(pace, lambda wall=wall: wall * 10**9) for wall in (WALL - 5, WALL + 90))  # type: ignore[misc]
    assert early.at(WALL + 60) == late.at(WALL + 60) == START + 8 * 3600 * 1_000_000
    assert early.now() == START - 5 * 480 * 1_000_000


def test_an_origin_is_pinned_once() -> None:
    pace = parse("2026-11-02T08:00:00Z@60").pinned(10.5)
    assert pace.origin == 10.5
    assert pace.pinned(99.0) is pace


@pytest.mark.parametrize("text", ["real", "2026-11-02T08:00:00Z@480", "2026-11-02T08:00:00Z@0.5@1793610000.25"])
def test_a_pace_is_written_as_it_is_read(text: str) -> None:
    assert parse(str(parse(text))) == parse(text)
    assert str(parse(text)) == text


def test_an_offset_is_taken_to_utc() -> None:
    assert parse("2026-11-02T02:00:00-06:00@480") == parse("2026-11-02T08:00:00Z@480")
    assert parse("real") == REAL


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Real", "give real, or START@RATE as in 2026-11-02T08:00:00Z@480"),
        ("", "give real"),
        ("2026-11-02T08:00:00Z", "give real"),
        ("2026-11-02T08:00:00Z@1@2@3", "give real"),
        ("2026-11-02T08:00:00@480", "the start has no offset"),
        ("yesterday@480", "the start is not RFC 3339"),
        ("1999-12-31T23:59:59Z@480", "2000 to 2099"),
        ("2026-11-02T08:00:00Z@fast", "numbers"),
        ("2026-11-02T08:00:00Z@0", "above 0"),
        ("2026-11-02T08:00:00Z@nan", "above 0"),
        ("2026-11-02T08:00:00Z@1e9", "at most 1000000"),
        ("2026-11-02T08:00:00Z@480@-1", "UNIX seconds"),
        ("2026-11-02T08:00:00Z@480@nan", "UNIX seconds"),
        ("2026-11-02T08:00:00Z@480@inf", "UNIX seconds"),
    ],
)
def test_a_malformed_clock_is_refused_with_what_would_be_right(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(text)


@given(
    st.integers(instants.FIRST, instants.LAST),
    st.floats(0.01, 10_000),
    st.integers(0, 2 * 10**9),
    st.integers(-(10**6), 10**6),
)
def test_wall_is_the_inverse_of_at(start: int, rate: float, origin: int, offset: int) -> None:
    clock = Clock(Pace(start, rate, float(origin)))
    back = clock.wall(clock.at(origin + offset))
    assert back == pytest.approx(origin + offset, abs=2e-6 + 2e-6 / rate)


@given(st.floats(0.01, 10_000), st.lists(st.integers(0, 10**15), min_size=2))
def test_a_clock_never_runs_backwards(rate: float, readings: list[int]) -> None:
    wall = iter(sorted(readings))
    clock = Clock(Pace(START, rate, 0.0), lambda: next(wall))
    shown = [clock.now() for _ in readings]
    assert shown == sorted(shown)
