"""The dashboards as Grafana reads them, and their queries as Grafana would ask them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
POINTS = 1000
"""About as many as a wide panel has pixels."""
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
Json = dict[str, Any]


class Query(NamedTuple):
    """One query of a panel, its variables filled in."""

    dashboard: str
    panel: str
    ref: str
    expression: str
    labels: frozenset[str]
    """What its legend, or a table's columns, show of each series."""
    instant: bool
    span: float
    """How far back the dashboard looks, in seconds."""
    step: float
    """Between two points of a range query, in seconds."""


def load() -> dict[str, Json]:
    """All dashboards, by the names of their files."""
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def panels(dashboard: Json) -> Iterator[Json]:
    """Its panels, without the rows that they stand in."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            assert not panel["panels"], "a row that is open has its panels beside it"
        else:
            yield panel


def variables(dashboard: Json) -> dict[str, Json]:
    """What a reader can choose, by name."""
    return {each["name"]: each for each in dashboard["templating"]["list"]}


def queries(dashboard: Json, chosen: Mapping[str, list[str]], scrape: float) -> Iterator[Query]:
    """All queries of a dashboard.

    Args:
        chosen: the values of variables; of those that it does not name all are chosen.
        scrape: seconds between two scrapes.
    """
    values = {
        name: f"({'|'.join(chosen[name])})" if name in chosen else variable.get("allValue", "")
        for name, variable in variables(dashboard).items()
    }
    span = seconds(dashboard["time"]["from"].removeprefix("now-"))
    for panel in panels(dashboard):
        step = max(span / POINTS, seconds(panel.get("interval", "0s")), scrape)
        built_in = {
            "__interval": f"{step:.0f}s",
            "__rate_interval": f"{max(step + scrape, 4 * scrape):.0f}s",
            "__range": f"{span:.0f}s",
        }
        for target in panel.get("targets", []):
            expression = fill(target["expr"], {**values, **built_in})
            name, title, ref, instant = dashboard["title"], panel["title"], target["refId"], target["instant"]
            yield Query(name, title, ref, expression, shown(panel, target), instant, span, step)


def shown(panel: Json, target: Json) -> frozenset[str]:
    """The labels that tell one series of a query, or one row of a table, from another."""
    if panel["type"] != "table":
        return frozenset(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    (organised,) = (each["options"] for each in panel["transformations"] if each["id"] == "organize")
    return frozenset(name for name in organised["renameByName"] if not name.startswith("Value"))


def fill(text: str, values: Mapping[str, str]) -> str:
    """A text with its variables filled in; KeyError for one that nobody gave."""
    return re.sub(r"\$\{?(\w+)\}?", lambda found: values[found[1]], text)


def seconds(text: str) -> float:
    """`6h` in seconds."""
    return float(text[:-1]) * UNITS[text[-1]]
