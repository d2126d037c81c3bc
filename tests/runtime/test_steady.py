"""The clock that never goes back."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.gate import Gate
from streams.runtime.steady import Steady


class Machine:
    """A wall and a pace that a test moves."""

    def __init__(self) -> None:
        self.wall, self.pace = 1_000_000.0, 50.0
        self.steady = Steady(lambda: self.wall, lambda: self.pace)

    def go(self, seconds: float) -> float:
        self.wall += seconds
        self.pace += seconds
        return self.steady.now()


def test_it_shows_the_wall() -> None:
    one = Machine()
    assert [one.go(0), one.go(1.5), one.go(10)] == [1_000_000.0, 1_000_001.5, 1_000_011.5]
    assert one.steady.look() == (1_000_011.5, 0.0)


def test_a_wall_put_forward_is_followed_at_once() -> None:
    one = Machine()
    one.go(1)
    one.wall += 3600
    assert one.go(1) == 1_003_602.0


def test_a_wall_put_back_an_hour_is_met_slowly(caplog: pytest.LogCaptureFixture) -> None:
    one = Machine()
    one.go(100)
    one.wall -= 3600
    assert one.go(0) == pytest.approx(1_000_100.0)
    assert one.go(100) == pytest.approx(1_000_200.0, abs=0.051), "an hour is not repeated, nor held"
    now, ahead = one.steady.look()
    assert now - ahead == pytest.approx(one.wall)
    assert ahead == pytest.approx(3600, abs=0.1)
    lines = [record.getMessage() for record in caplog.records]
    assert (
        lines[0] == "the machine's clock was put back by 3600 s: going on at the pace of before; restart if it is right"
    )
    assert len(lines) == 2, "told again a minute later, not at each look"
    for _ in range(90):
        one.go(86_400)
    now, ahead = one.steady.look()
    assert now == pytest.approx(one.wall)
    assert ahead == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("stop", [0.05, 20.0])
def test_a_stop_between_the_two_clocks_does_not_set_it_ahead(stop: float) -> None:
    one = Machine()
    one.go(10)

    def wall() -> float:
        shown = one.wall
        one.wall += stop  # stopped just after the first of them was read
        one.pace += stop
        return shown

    one.steady._wall = wall
    one.steady.now()
    one.steady._wall = lambda: one.wall
    for _ in range(3):
        assert one.go(1) == pytest.approx(one.wall, abs=0.02)


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(-1e4, 1e4)), max_size=30))
def test_it_never_goes_back(moves: list[tuple[float, float]]) -> None:
    one = Machine()
    shown = []
    for seconds, put in moves:
        one.wall += put
        shown.append(one.go(seconds))
    assert all(earlier <= later for earlier, later in pairwise(shown))
    assert not moves or shown[-1] >= one.wall - 1e-6


def test_stamps_of_a_wall_that_was_put_back_do_not_open_the_gate() -> None:
    gate = Gate(["a"])
    gate.correct(0, 10_000_500)
    gate.observe("a", 10_000_000, 5, 5)
    gate.observe("a", 10_000_400, 5, 5)
    assert gate.known == 10_000.0
    # An hour back: the last response before it is seen after it, and its stamp says an hour too much.
    gate.correct(3_600_000, 6_400_600)
    gate.observe("a", 10_000_550, 5, 5)
    assert gate.known == 10_000.0
    gate.correct(3_600_000, 6_400_800)
    gate.observe("a", 6_400_700, 5, 5)
    assert gate.known == 10_000.0
    gate.correct(3_599_999, 6_400_900)
    gate.observe("a", 6_400_850, 5, 5)
    assert gate.known == 10_000.699, "slowly met: a millisecond less ahead"


def test_what_is_known_never_falls() -> None:
    gate = Gate(["a"])
    for came in (5_000, 5_100, 5_200):
        gate.observe("a", came, 0, 0)
    assert gate.known == 5.1
    gate.observe("a", 1_000, 0, 0)
    gate.observe("a", 1_100, 0, 0)
    assert gate.known == 5.2, "what came at 1.0 was asked for after 5.2 had come"
    gate.observe("a", 1_200, 0, 0)
    assert gate.known == 5.2
