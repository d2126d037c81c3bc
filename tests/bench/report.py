"""What a run found: a table for people, JSON for programs."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from tests.bench.measure import Figure, Plan

HEAD: Final = ("figure", "median", "unit", "least to greatest", "aim", "reached")
REACHED: Final = {None: "", True: "yes", False: "no"}
RIGHT: Final = frozenset({1, 3})
"""Columns of numbers."""
Row = tuple[str, ...]


def document(name: str, plan: Plan, figures: Sequence[Figure], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that is known of a run; a figure's `values` are in its `unit`, in the order of the runs."""
    return {"benchmark": name, "quick": plan.quick, "runs": plan.runs, **facts, "figures": [_said(f) for f in figures]}


def _said(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "unit": figure.unit,
        "median": figure.median,
        "min": min(figure.values, default=None),
        "max": max(figure.values, default=None),
        "values": figure.values,
        "aim": None if figure.aim is None else figure.aim._asdict(),
        "reached": figure.reached,
        "note": figure.note,
        **({"more": figure.more} if figure.more else {}),
    }


def write(path: Path, found: Mapping[str, Any]) -> None:
    """Write the JSON file, and the folders that it takes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")


def table(figures: Sequence[Figure]) -> str:
    """One line a figure, in columns."""
    return columns([HEAD, *(_row(figure) for figure in figures)], RIGHT)


def _row(figure: Figure) -> Row:
    aim = "" if figure.aim is None else f"{figure.aim.sense} {number(figure.aim.value)}"
    return figure.name, number(figure.median), figure.unit, spread(figure), aim, REACHED[figure.reached]


def spread(figure: Figure) -> str:
    """The least and the greatest value; why there is none."""
    if not figure.values:
        return figure.note
    return f"{number(min(figure.values))} to {number(max(figure.values))}"


def columns(rows: Sequence[Row], right: Container[int]) -> str:
    """Rows as lines, their cells below each other; `right`: which columns are numbers."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join(_line(row, widths, right) for row in rows)


def _line(row: Row, widths: Sequence[int], right: Container[int]) -> str:
    cells = zip(row, widths, strict=True)
    return "  ".join(c.rjust(w) if at in right else c.ljust(w) for at, (c, w) in enumerate(cells)).rstrip()


def number(value: float) -> str:
    """Three digits or more: 61,204; 7.31; 0.842. Nothing for what is not a number."""
    if math.isnan(value):
        return ""
    if value == round(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"
