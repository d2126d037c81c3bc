"""What the three dashboards have in common: where their data come from, what can be chosen, and their links."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from grafana_foundation_sdk.builders.dashboard import Dashboard, DashboardLink, DatasourceVariable, QueryVariable, Row
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DashboardLinkType, VariableOption, VariableSort

from deploy.grafana import panels

TAG = "portalwatch"
RUNBOOK = "https://intranet.example.org/portalwatch/runbook"
"""Where the runbook stands, as in the alert rules; `--runbook` names another place."""
EVERYTHING = ".*"
"""What `All` means: also what has no series yet."""
CHOSEN = 'workflow=~"$workflow",department=~"$department"'
"""The labels of what the reader chose to see."""

Part = Builder[models.Panel]


class Section(NamedTuple):
    """A row of a dashboard."""

    title: str
    parts: list[Part]


class Given(NamedTuple):
    """What tells one dashboard from another."""

    uid: str
    title: str
    text: str
    since: str
    """The span that is shown at first: `now-6h`."""
    refresh: str


def assemble(given: Given, choices: Iterable[Builder[models.VariableModel]], sections: Iterable[Section]) -> Dashboard:
    """A dashboard; panels stand in the order given, from left to right."""
    made = Dashboard(given.title).uid(given.uid).description(given.text).tags([TAG]).readonly()
    made = made.time(given.since, "now").refresh(given.refresh).timezone("browser")
    made = made.tooltip(DashboardCursorSync.CROSSHAIR)
    made = made.with_variable(DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    for choice in choices:
        made = made.with_variable(choice)
    for section in sections:
        made = made.with_row(Row(section.title))
        for part in section.parts:
            made = made.with_panel(part)
    return made


def linked(made: Dashboard, runbook: str) -> Dashboard:
    """With links to the others, which keep what was chosen, and to the runbook."""
    others = DashboardLink("Other dashboards").type(DashboardLinkType.DASHBOARDS).tags([TAG]).as_dropdown(True)
    book = DashboardLink("Runbook").type(DashboardLinkType.LINK).icon("doc").url(runbook).target_blank(True)
    return made.link(others.keep_time(False).include_vars(True)).link(book.tooltip("What to do when an alarm comes"))


def choice(name: str, label: str, of: str) -> QueryVariable:
    """Values of the label `name` among the series `of`: one, several or all of them."""
    every = VariableOption(selected=True, text=["All"], value=["$__all"])
    asked = f"label_values({of},{name})"
    made = QueryVariable(name).label(label).datasource(panels.SOURCE).definition(asked)
    made = made.query({"query": asked, "refId": name})
    made = made.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)
    return made.multi(True).include_all(True).all_value(EVERYTHING).current(every)


def help_at(runbook: str, anchor: str) -> DashboardLink:
    """A panel's link to the part of the runbook that says what to do."""
    return DashboardLink("What to do").type(DashboardLinkType.LINK).url(f"{runbook}#{anchor}").target_blank(True)
