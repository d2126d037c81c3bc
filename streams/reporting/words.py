"""Figures and the answer of a report in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from streams.harmless import plain
from streams.reporting.build import COMPARABLE
from streams.reporting.centiles import Centile
from streams.reporting.figures import Kept
from streams.reporting.form import Days, Report

NOTHING: Final = "\u2013"
"""In place of a figure that cannot be told."""


def percent(part: float) -> str:
    """`87.3%`; of 0 to 1. Never 100% unless it is all."""
    shown = f"{100 * part:.1f}%"
    return "99.9%" if shown == "100.0%" and part < 1 else "100%" if part == 1 else shown


def share(kept: Kept) -> str:
    """`87.3%`; of too few: how many of how many."""
    if kept.share is None:
        return f"{kept.met} of {kept.judged}" if kept.judged else NOTHING
    return percent(kept.met / kept.judged)


def counted(kept: Kept) -> str:
    """`87.3% (1,051 of 1,204)`."""
    of = f"{kept.met:,} of {kept.judged:,}"
    return of if kept.share is None else f"{share(kept)} ({of})"


def hours(centile: Centile | None) -> str:
    """`0.25`, `12.3`, `over 80`, in open hours."""
    if centile is None:
        return NOTHING
    if centile.at_least:
        return f"over {centile.hours:g}"
    return f"{centile.hours:.{2 if centile.hours < 9.995 else 1}f}"


def points(now: Kept, before: Kept) -> str:
    """`+3.1`, `-16.8`: the change of the share in percentage points."""
    if now.share is None or before.share is None:
        return NOTHING
    change = 100 * (now.met / now.judged - before.met / before.judged)
    return "±0.0" if f"{abs(change):.1f}" == "0.0" else f"{change:+.1f}".replace("-", "\u2212")


def during(days: Days) -> str:
    """`in October 2026`, `from 1 October to 15 November 2026`, `on 8 March 2026`."""
    if days.first_day == days.last_day:
        return f"on {days.title}"
    return f"{'from' if days.title[:1].isdigit() else 'in'} {days.title}"


def answer(report: Report) -> Iterator[str]:
    """What the report says, in a few sentences: what was kept, what is still open, who slipped."""
    said = [_kept(report)]
    if count := report.open_past_due:
        are = "is" if count == 1 else "are"
        said.append(f"{count:,} more {are} still open although the due has passed, and will count once ended.")
    yield from map(plain, (*said, *_slipped(report)))


def _kept(report: Report) -> str:
    kept, before, then = report.kept, report.kept_before, during(report.span)
    if not kept.judged:
        began = sum(each.now.opened for each in report.benchmarks)
        return f"Nothing that began {then} can be judged yet." if began else f"Nothing began {then}."
    part = "" if kept.share is None else f" ({share(kept)})"
    said = f"Of {kept.judged:,} pieces of work that began {then} and can be judged, {kept.met:,}{part} were on time."
    if report.before is None or before is None:
        return said
    past = during(report.before)
    return f"{said} {past[:1].upper()}{past[1:]} it was {counted(before) if before.judged else 'none'}."


def _slipped(report: Report) -> Iterator[str]:
    if report.before is None:
        return
    fall = report.slipped
    if fall is not None:
        chance = " A fall of this size can be chance." if fall.chance else ""
        yield (
            f"Slipped most: {fall.department} by {fall.clock}, from {counted(fall.before)} to "
            f"{counted(fall.now)}, down {fall.points:.1f} points.{chance}"
        )
    elif report.compared:
        yield "No department that can be compared kept a smaller share than in the time before."
    else:
        yield f"No department can be compared with the time before: that takes {COMPARABLE} judged in both."
