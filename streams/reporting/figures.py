"""The figures of one line or of several together, in the form that `--json` prints.

What cannot be told is null: a share or a centile of too few cycles (`centiles`), and of a live system what scorecards
do not hold.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from streams.core.cohorts import Cohort
from streams.core.shares import CANCELLED, EXPIRED, MET, MISSED, PAUSED, PENDING
from streams.reporting import centiles
from streams.reporting.centiles import FEW, Centile
from streams.reporting.sums import Exact, Hours, Sums


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the cycles that can be judged kept their benchmark."""

    met: int
    judged: int
    """Met, missed or expired."""
    share: float | None
    """`met / judged`, from 0 to 1; null of fewer than 5."""


class Hour(msgspec.Struct, frozen=True, array_like=True):
    """An hour of the week; in JSON `[weekday, hour, count]`."""

    weekday: int
    """Monday is 0."""
    hour: int
    """Local, 0 to 23."""
    count: int


class LookedUp(msgspec.Struct, frozen=True, kw_only=True):
    """Results that the patient looked up before they were there."""

    released: int
    released_looked_up: int
    """Of these, those looked up at least once before."""
    waiting_looked_up: int
    """Not released yet, and looked up."""
    look_ups: int
    """How often, all together."""


class NeverConfirmed(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that were neither confirmed nor declined, though their due has passed."""

    expired: int
    cancelled_past_due: int
    """The patient withdrew them, later than the due."""
    open_past_due: int
    total: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Of the cycles that began in a span. `opened` is the sum of `pending` to `expired`."""

    opened: int
    pending: int
    paused: int
    met: int
    missed: int
    cancelled: int
    expired: int
    kept: Kept
    open_past_due: int | None
    """Of those pending, those whose due has passed."""
    met_without_due: int | None
    """Of those met, those that never had a due: no anchor was given."""
    short_notice: int
    alerted: int
    responses: int
    """Cycles that stopped: met or missed."""
    median: Centile | None
    """Of their open time from start to stop."""
    ninetieth: Centile | None
    buckets: list[int]
    """How many of them took up to each bound, but longer than the one before; the last: longer than all."""
    miss_hours: list[Hour] | None
    """When the dues were that passed without an answer."""
    missed_began_hours: list[Hour]
    """When the cycles began that were missed or expired."""
    looked_up: LookedUp | None
    """Of results."""
    never_confirmed: NeverConfirmed | None
    """Of appointments."""


def figures(workflow: str, sums: Sums) -> Figures:
    """The figures of a line, or of lines that were added up; all of one workflow."""
    cohort, exact = sums.cohort, sums.exact
    counts = None if exact is None else exact.counts
    return Figures(
        opened=cohort.opened,
        pending=cohort.count(PENDING),
        paused=cohort.count(PAUSED),
        met=cohort.count(MET),
        missed=cohort.count(MISSED),
        cancelled=cohort.count(CANCELLED),
        expired=cohort.count(EXPIRED),
        kept=kept_of(cohort),
        open_past_due=None if counts is None else counts["open_past_due"],
        met_without_due=None if counts is None else counts["met_without_due"],
        short_notice=cohort.short_notice,
        alerted=cohort.alerted,
        responses=cohort.responses,
        median=centiles.estimated(cohort.buckets, 50) if exact is None else centiles.median(exact.responses),
        ninetieth=centiles.estimated(cohort.buckets, 90) if exact is None else centiles.ninetieth(exact.responses),
        buckets=cohort.buckets,
        miss_hours=None if exact is None else _hours(exact.due_hours),
        missed_began_hours=_hours(sums.missed_began),
        looked_up=_looked_up(cohort, exact) if workflow == "result" else None,
        never_confirmed=_never_confirmed(cohort, exact) if workflow == "appointment" else None,
    )


def none(workflow: str, *, exact: bool) -> Figures:
    """The figures of no cycles."""
    return figures(workflow, Sums(Exact() if exact else None))


def kept_of(cohort: Cohort) -> Kept:
    """Of a row's cycles."""
    met = cohort.count(MET)
    return kept(met, met + cohort.count(MISSED) + cohort.count(EXPIRED))


def kept(met: int, judged: int) -> Kept:
    """The share, if it is one of enough."""
    return Kept(met=met, judged=judged, share=None if judged < FEW else round(met / judged, 6))


def together(parts: Iterable[Kept]) -> Kept:
    """Several as one."""
    found = list(parts)
    return kept(sum(each.met for each in found), sum(each.judged for each in found))


def _hours(found: Hours) -> list[Hour]:
    return [Hour(weekday, hour, count) for (weekday, hour), count in sorted(found.items())]


def _looked_up(cohort: Cohort, exact: Exact | None) -> LookedUp | None:
    if exact is None:
        return None
    return LookedUp(
        released=cohort.responses,
        released_looked_up=exact.counts["released_looked_up"],
        waiting_looked_up=exact.counts["waiting_looked_up"],
        look_ups=exact.counts["look_ups"],
    )


def _never_confirmed(cohort: Cohort, exact: Exact | None) -> NeverConfirmed | None:
    if exact is None:
        return None
    expired, cancelled, still = cohort.count(EXPIRED), exact.counts["cancelled_past_due"], exact.counts["open_past_due"]
    return NeverConfirmed(
        expired=expired, cancelled_past_due=cancelled, open_past_due=still, total=expired + cancelled + still
    )
