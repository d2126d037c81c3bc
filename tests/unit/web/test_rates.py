"""Buckets that fill again, and forget those that ask least."""

from __future__ import annotations

import pytest

from streams.web.rates import Buckets, Rate


def test_so_many_at_once_and_so_many_a_second() -> None:
    buckets = Buckets(Rate(2, 0.5))
    assert [buckets.wait("a", 0.0) for _ in range(2)] == [0, 0]
    assert buckets.wait("a", 0.0) == pytest.approx(2)
    assert buckets.wait("b", 0.0) == 0
    assert buckets.wait("a", 1.0) == pytest.approx(1)
    assert buckets.wait("a", 2.0) == 0
    assert [buckets.wait("a", 100.0) for _ in range(3)] == [0, 0, pytest.approx(2)]


def test_there_are_only_so_many() -> None:
    buckets = Buckets(Rate(1, 0.001), kept=2)
    for name in "abc":
        assert buckets.wait(name, 0.0) == 0
    assert buckets.wait("c", 0.0) > 0
    assert buckets.wait("a", 0.0) == 0
