"""What a benchmark says: figures, each with all its values, and the aim if there is one.

Theory of operation. A machine has neighbours, so one value proves little: everything is measured several times and the
median counts, with the least and the greatest value beside it. The clock is `perf_counter`, elapsed time: what a user
would wait. The garbage collector runs as it does in a worker; before each measurement it is called once, so that none
pays for the one before.
"""

from __future__ import annotations

import gc
import math
import operator
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

SENSES: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge, "<=": operator.le, "<": operator.lt,
}  # fmt: skip


class Aim(NamedTuple):
    """What the median should be; `sense` is one of SENSES."""

    sense: str
    value: float

    def reached(self, found: float) -> bool:
        """Whether `found` is as it should be."""
        return SENSES[self.sense](found, self.value)


class Plan(NamedTuple):
    """How to measure: `quick` asks for sizes that show the form of the output and say nothing of speed."""

    runs: int
    quick: bool
    events: int | None = None
    """The size of a log, for a benchmark that has several; None: its own."""
    only: tuple[str, ...] = ()
    """Who takes part, for a benchmark that has several; empty: all."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured: its value in each run, in `unit`; `note` says of what, or why there is no value.

    `more`: what else is known of it, for a table or a program that asks for more.
    """

    name: str
    unit: str
    values: tuple[float, ...]
    aim: Aim | None = None
    note: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """The value that counts; not a number, if there is none."""
        return median(self.values) if self.values else math.nan

    @property
    def reached(self) -> bool | None:
        """Whether the median is as the aim asks; None without an aim or a value."""
        return None if self.aim is None or not self.values else self.aim.reached(self.median)


def timed(run: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[T, float]:
    """What a call gives, and how many seconds it takes."""
    began = time.perf_counter()
    found = run(*args, **kwargs)
    return found, time.perf_counter() - began


def clean(run: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[T, float]:
    """As `timed`, after the garbage of what ran before has been collected."""
    gc.collect()
    return timed(run, *args, **kwargs)
