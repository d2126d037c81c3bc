"""The report as CSV: a row for each workflow, clock and department, and none that sums others up.

What cannot be told is empty. Spreadsheets take a cell that begins with `=`, `+`, `-` or `@` for a formula, so a name
that does gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from functools import reduce
from typing import Any, Final

from streams.harmless import plain
from streams.reporting.centiles import FEW
from streams.reporting.figures import Figures
from streams.reporting.form import Report

Cell = str | int | float | None

_FIGURES: Final = {
    "opened": "opened",
    "pending": "pending",
    "paused": "paused",
    "met": "met",
    "missed": "missed",
    "cancelled": "cancelled",
    "expired": "expired",
    "judged": "kept.judged",
    "kept_share": "kept.share",
    "open_past_due": "open_past_due",
    "met_without_due": "met_without_due",
    "short_notice": "short_notice",
    "alerted": "alerted",
    "responses": "responses",
    "median_open_hours": "median.hours",
    "p90_open_hours": "ninetieth.hours",
    "released_looked_up": "looked_up.released_looked_up",
    "waiting_looked_up": "looked_up.waiting_looked_up",
    "look_ups": "looked_up.look_ups",
    "never_confirmed": "never_confirmed.total",
    "cancelled_past_due": "never_confirmed.cancelled_past_due",
}
"""Columns, and where in `Figures` each stands."""
WHICH: Final = ("first_day", "last_day", "timezone", "source", "complete", "workflow", "clock", "department", "few")
COLUMNS: Final = (*WHICH, *_FIGURES, "before_first_day", *(f"before_{name}" for name in _FIGURES))
"""In their order. New ones only come at the end."""


def sheet(report: Report) -> str:
    """The rows under a header, each line ended as RFC 4180 has it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    span = report.span
    for each in report.benchmarks:
        for row in each.departments:
            which = (
                span.first_day, span.last_day, span.timezone, report.source, _yes(report.complete), each.workflow,
                _name(each.clock), _name(row.department), _yes(row.now.opened < FEW),
            )  # fmt: skip
            before = report.before.first_day if report.before is not None else None
            writer.writerow([*which, *_cells(row.now), before, *_cells(row.before)])
    return out.getvalue()


def _cells(figures: Figures | None) -> list[Cell]:
    return [_read(figures, path) for path in _FIGURES.values()]


def _read(figures: Figures | None, path: str) -> Any:
    """What stands there; None where nothing does."""
    return reduce(lambda found, name: getattr(found, name, None), path.split("."), figures)


def _yes(true: bool) -> str:
    return "yes" if true else "no"


def _name(given: str) -> str:
    """A name as a cell that no spreadsheet runs."""
    name = plain(given)
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name
