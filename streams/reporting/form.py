"""The form of a report: what `--json` prints, what the page and the sheet are made from, what `--before` reads back.

Fields are only added while `form` is 1. Instants are RFC 3339 in UTC, shares go from 0 to 1, times are open hours.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from streams.reporting.figures import Figures, Kept
from streams.reporting.span import Span


class Days(msgspec.Struct, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """A span: cycles that start at `from` or later, and before `to`."""

    title: str
    first_day: str
    last_day: str
    timezone: str
    start: str
    end: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A department, by one benchmark."""

    department: str
    """As the policy names it; `other` for those that it does not know, `unassigned` for none."""
    now: Figures
    before: Figures | None
    """Of the span before, if that is known."""


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """The cycles that began in a week (from its Monday) or a month, as far as it lies in the span or the one before."""

    first_day: str
    last_day: str
    kept: Kept


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """A clock of a workflow."""

    workflow: str
    clock: str
    asks: list[str]
    """Its rules in words, the first that matches wins."""
    now: Figures
    """Of all departments together."""
    before: Figures | None
    departments: list[Row]
    periods: list[Period]


class Fall(msgspec.Struct, frozen=True, kw_only=True):
    """The department whose share of cycles kept fell most by one benchmark; of those with 20 judged in both spans."""

    workflow: str
    clock: str
    department: str
    now: Kept
    before: Kept
    points: float
    """By so many percentage points."""
    chance: bool
    """A fall of this size would come by chance alone in more than one case of twenty."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole report."""

    form: Literal[1] = 1
    source: Literal["events", "scorecards"]
    complete: bool
    """False if cycles of the span may be missing; `notes` say why."""
    as_of: str
    """What is known of the cycles, is known of this instant."""
    policies: list[str]
    """Versions of the policies that judged."""
    span: Days
    before: Days | None
    """The span before, if that is known."""
    step: Literal["week", "month"]
    """What `periods` are."""
    zones: list[str]
    """In which hours of the week are told: the zones of the departments' calendars."""
    kept: Kept
    """By all benchmarks together: a cycle that two of them judge counts twice."""
    kept_before: Kept | None
    open_past_due: int | None
    compared: int
    """Departments by benchmark with enough cycles in both spans to compare them."""
    slipped: Fall | None
    """None if nothing fell, or nothing could be compared."""
    bounds: list[float]
    """Of `buckets`, in open hours."""
    benchmarks: list[Benchmark]
    silent: list[str]
    """Clocks of the policy by which no cycle began in either span."""
    notes: list[str]
    """What a reader has to know of where the figures come from."""


def days_of(span: Span, start: str, end: str) -> Days:
    """A span in this form; `start` and `end`: its edges."""
    return Days(
        title=span.title, first_day=span.first.isoformat(), last_day=span.last.isoformat(), timezone=span.zone.key,
        start=start, end=end,
    )  # fmt: skip


_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Report)


def encode(report: Report) -> bytes:
    """JSON in UTF-8, always the same bytes for the same report."""
    return _ENCODER.encode(report)


def decode(value: bytes) -> Report:
    """What `encode` wrote.

    Raises:
        msgspec.DecodeError, msgspec.ValidationError: it is no report.
    """
    return _DECODER.decode(value)
