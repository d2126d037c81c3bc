"""From what the dashboards say to the files that Grafana reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard, DashboardLink, Panel

from deploy.grafana import itself, oncall, scorecard
from deploy.grafana.frame import RUNBOOK, linked

FOLDER = Path(__file__).parent / "dashboards"
BY_FILE = {
    "on-call.json": oncall.dashboard,
    "scorecard.json": scorecard.dashboard,
    "portalwatch.json": itself.dashboard,
}


def build(runbook: str = RUNBOOK) -> dict[str, Dashboard]:
    """All dashboards by the names of their files, panels numbered from 1."""
    made = {name: linked(say(runbook), runbook).build() for name, say in BY_FILE.items()}
    for each in made.values():
        for number, panel in enumerate(each.panels or [], 1):
            panel.id_val = number
        for link in _links(each):
            link.placement = None  # type: ignore[assignment]  # the SDK puts every link into a menu that is shut
    return made


def _links(made: Dashboard) -> Iterator[DashboardLink]:
    yield from made.links or []
    for panel in made.panels or []:
        if isinstance(panel, Panel):
            yield from panel.links or []


def texts(runbook: str = RUNBOOK) -> dict[str, str]:
    """The files' texts by their names."""
    encoder = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False)
    return {name: encoder.encode(each) + "\n" for name, each in build(runbook).items()}
