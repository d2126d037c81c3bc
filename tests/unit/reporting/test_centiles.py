"""Medians, centiles and differences, against tables and against what defines them."""

from __future__ import annotations

import math
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.policy import HOUR, MINUTE
from streams.core.cohorts import BOUNDS
from streams.reporting import centiles
from streams.reporting.centiles import Centile, differ, estimated

TIMES = st.lists(st.integers(0, 100 * HOUR), min_size=10, max_size=60)


def hours(*given: float) -> list[int]:
    return [round(each * HOUR) for each in given]


@pytest.mark.parametrize(
    ("times", "median", "ninetieth"),
    [
        (hours(1, 2, 3, 4), None, None),
        (hours(5, 1, 2, 4, 3), 3.0, None),
        (hours(1, 2, 3, 4, 5, 6), 3.5, None),
        (hours(*range(1, 10)), 5.0, None),
        (hours(*range(1, 11)), 5.5, 9.1),  # 9.1: a tenth of the way from the ninth to the tenth
        (hours(*range(11)), 5.0, 9.0),
        (hours(*[0.25] * 20), 0.25, 0.25),
    ],
)
def test_of_times(times: list[int], median: float | None, ninetieth: float | None) -> None:
    assert centiles.median(times) == (None if median is None else Centile(median))
    assert centiles.ninetieth(times) == (None if ninetieth is None else Centile(ninetieth))


@given(TIMES)
def test_no_more_than_half_lie_on_either_side_of_the_median_and_a_tenth_above_the_90th(times: list[int]) -> None:
    median, ninetieth = centiles.median(times), centiles.ninetieth(times)
    assert median is not None
    assert ninetieth is not None
    near = 1e-4
    for point, below, above in ((median, 0.5, 0.5), (ninetieth, 0.9, 0.1)):
        assert sum(time / HOUR < point.hours - near for time in times) <= below * len(times)
        assert sum(time / HOUR > point.hours + near for time in times) <= math.ceil(above * len(times))


def buckets(**counts: int) -> list[int]:
    """By bound in minutes; `more` is beyond."""
    found = {f"m{bound // MINUTE}": 0 for bound in BOUNDS} | {"more": 0}
    return list((found | counts).values())


@pytest.mark.parametrize(
    ("given", "percent", "expected"),
    [
        (buckets(m15=4), 50, None),
        (buckets(m15=9), 90, None),
        (buckets(m15=5), 50, Centile(0.125)),  # half the way from 0 to 15 minutes
        (buckets(m60=10), 50, Centile(0.75)),
        (buckets(m60=5, m240=5), 50, Centile(1.0)),
        (buckets(m60=5, m240=5), 90, Centile(3.6)),  # four fifths of the way from 2 to 4 hours
        (buckets(m60=8, more=2), 90, Centile(80.0, at_least=True)),
        (buckets(m4800=10), 50, Centile(60.0)),
    ],
)
def test_of_buckets(given: list[int], percent: int, expected: Centile | None) -> None:
    assert estimated(given, percent) == expected


@given(TIMES, st.sampled_from([50, 90]))
def test_an_estimate_lies_in_the_bucket_of_the_time_that_it_stands_for(times: list[int], percent: int) -> None:
    alone = [0] * (len(BOUNDS) + 1)
    for time in times:
        alone[bisect_left(BOUNDS, time)] += 1
    found = estimated(alone, percent)
    assert found is not None
    ranked = sorted(times)[math.ceil(percent * len(times) / 100) - 1]
    bucket = bisect_left(BOUNDS, ranked)
    if bucket == len(BOUNDS):
        assert found == Centile(80.0, at_least=True)
    else:
        lower = BOUNDS[bucket - 1] if bucket else 0
        assert lower / HOUR - 1e-4 <= found.hours <= BOUNDS[bucket] / HOUR + 1e-4


@pytest.mark.parametrize(
    ("counts", "compared", "expected"),
    [
        ((50, 100, 50, 100), 1, False),
        ((50, 100, 60, 100), 1, False),  # z = 1.42
        ((50, 100, 65, 100), 1, True),  # z = 2.15
        ((50, 100, 65, 100), 4, False),  # picked out of four: 2.50 is asked
        ((500, 1000, 600, 1000), 4, True),  # z = 4.49
        ((0, 20, 0, 20), 1, False),
        ((20, 20, 20, 20), 1, False),
        ((0, 20, 20, 20), 9, True),
    ],
)
def test_beyond_chance(counts: tuple[int, int, int, int], compared: int, expected: bool) -> None:
    assert differ(*counts, compared) is expected
    assert differ(*counts[2:], *counts[:2], compared) is expected
