"""What a run found: a table for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from tests.bench.measure import Figure, Plan

HEAD: Final = ("figure", "median", "unit", "least to greatest", "aim", "reached")
REACHED: Final = {None: "", True: "yes", False: "no"}
RIGHT: Final = frozenset({1, 3})
"""Columns of numbers."""


def document(name: str, plan: Plan, figures: Sequence[Figure], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that is known of a run; a figure's `values` are in its `unit`, in the order of the runs."""
    return {"benchmark": name, "quick": plan.quick, "runs": plan.runs, **facts, "figures": [_said(f) for f in figures]}


def _said(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "unit": figure.unit,
        "median": figure.median,
        "min": min(figure.values),
        "max": max(figure.values),
        "values": figure.values,
        "aim": None if figure.aim is None else figure.aim._asdict(),
        "reached": figure.reached,
        "note": figure.note,
    }


def write(path: Path, found: Mapping[str, Any]) -> None:
    """Write the JSON file, and the folders that it takes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")


def table(figures: Sequence[Figure]) -> str:
    """One line a figure, in columns."""
    rows = [HEAD, *(_row(figure) for figure in figures)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    return "\n".join(_line(row, widths) for row in rows)


def _row(figure: Figure) -> tuple[str, ...]:
    aim = "" if figure.aim is None else f"{figure.aim.sense} {number(figure.aim.value)}"
    spread = f"{number(min(figure.values))} to {number(max(figure.values))}"
    return figure.name, number(figure.median), figure.unit, spread, aim, REACHED[figure.reached]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = zip(row, widths, strict=True)
    return "  ".join(c.rjust(w) if at in RIGHT else c.ljust(w) for at, (c, w) in enumerate(cells)).rstrip()


def number(value: float) -> str:
    """Three digits or more: 61,204; 7.31; 0.842."""
    if value == round(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"
