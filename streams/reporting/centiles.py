"""What may be said of a sample: its median, its 90th centile, whether two shares differ by more than chance.

Of too few nothing is said: a share of four cycles misleads, and may tell of a person.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Final

import msgspec

from schemas.policy import HOUR
from streams.core.cohorts import BOUNDS

FEW: Final = 5
"""Below so many cycles there is no share and no median."""
FEW_FOR_A_TENTH: Final = 10
"""Below so many there is no 90th centile: it would be the longest one."""
SURE: Final = 0.95
"""What is beyond chance would come by chance in one case of twenty."""


class Centile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A point of the response times."""

    hours: float
    """Open hours, to a tenth of a thousandth."""
    at_least: bool = False
    """It lies beyond the last bucket's bound, and that is all that is known."""


def median(times: Sequence[int]) -> Centile | None:
    """The median of response times in microseconds; None of too few."""
    return None if len(times) < FEW else _centile(statistics.median(times))


def ninetieth(times: Sequence[int]) -> Centile | None:
    """The 90th centile, interpolated between the two times beside it; None of too few."""
    if len(times) < FEW_FOR_A_TENTH:
        return None
    return _centile(statistics.quantiles(times, n=10, method="inclusive")[-1])


def estimated(buckets: Sequence[int], percent: int) -> Centile | None:
    """A centile of which only buckets are known: as if the times of each lay evenly in it.

    Args:
        buckets: how many times lie in each bucket of `BOUNDS` alone, and in one beyond.
        percent: 50 for the median.
    """
    count = sum(buckets)
    if count < (FEW if percent == 50 else FEW_FOR_A_TENTH):
        return None
    left, lower = percent * count, 0  # in hundredths of a cycle, to stay exact
    for bound, inside in zip(BOUNDS, buckets, strict=False):
        if inside and left <= 100 * inside:
            return _centile(lower + (bound - lower) * left / (100 * inside))
        left, lower = left - 100 * inside, bound
    return Centile(BOUNDS[-1] / HOUR, at_least=True)


def differ(kept: int, of: int, kept_before: int, of_before: int, compared: int = 1) -> bool:
    """Whether two shares differ by more than chance would have it: a pooled test of two proportions.

    Args:
        compared: out of how many pairs this one was picked for its difference.
    """
    together = (kept + kept_before) / (of + of_before)
    spread = math.sqrt(together * (1 - together) * (1 / of + 1 / of_before))
    bound = statistics.NormalDist().inv_cdf(1 - (1 - SURE) / 2 / compared)
    return abs(kept / of - kept_before / of_before) > bound * spread


def _centile(micros: float) -> Centile:
    return Centile(round(micros / HOUR, 4))
