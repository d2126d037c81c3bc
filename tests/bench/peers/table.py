"""The race in columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.bench import report
from tests.bench.measure import Figure
from tests.bench.report import Row, number

HEAD: Final = (
    "job", "events", "who", "events/s", "least to greatest", "to Kafka Streams", "CPU s", "broker CPU s", "peak MB",
    "met", "missed", "alerts", "said",
)  # fmt: skip
RIGHT: Final = frozenset({1, *range(3, len(HEAD))})
LEGEND: Final = (
    "alerts: items with an alert when the log ends; said: how often one fired, what was taken back included. CPU: of "
    "the job and of the broker, from the first event to the last result."
)


def table(figures: Sequence[Figure]) -> str:
    """A line for each who ran, why some did not, and then the figures that have an aim."""
    ran = [figure for figure in figures if figure.more]
    held = [figure for figure in figures if not figure.more]
    parts = [report.columns([HEAD, *(row(figure.median, spread_of(figure), figure.more) for figure in ran)], RIGHT)]
    parts += ["\n".join(f"{figure.name}: {figure.note}" for figure in ran if not figure.values)]
    parts += [LEGEND, report.table(held)] if held else [LEGEND]
    return "\n\n".join(part for part in parts if part)


def spread_of(figure: Figure) -> str:
    """The least and the greatest value, if there are any."""
    return report.spread(figure) if figure.values else ""


def row(median: float, spread: str, more: Mapping[str, Any]) -> Row:
    """The cells of one who ran, or did not: then only who."""
    known = {name: number(more[name]) for name in more if isinstance(more[name], int | float)}
    if "peak_bytes" in more:
        known["peak_bytes"] = number(round(more["peak_bytes"] / 1e6))
    names = ("ratio", "cpu_seconds", "broker_cpu_seconds", "peak_bytes", "met", "missed", "alerts", "said")
    rest = tuple(known.get(name, "") for name in names)
    return (more["job"], known["events"], more["who"], number(median), spread, *rest)
