"""The dashboards' files are what the code says, whole, legible, and one in their colours."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deploy.grafana import colours
from deploy.grafana.build import FOLDER, texts
from tests.deploy import dashboards
from tests.deploy.dashboards import Json

DASHBOARDS = dashboards.load()
SCHEMA = Path(__file__).parents[1] / "data" / "grafana" / "schema.json"
RUNBOOK = FOLDER.parents[1] / "docs" / "runbook.md"
PALETTE = {
    *(colours.GOOD, colours.WATCH, colours.BAD, colours.ASIDE, colours.NEVER),
    *(colours.FIRST, colours.SECOND, colours.THIRD, colours.FOURTH),
}
each_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)


def test_the_files_are_what_the_code_says() -> None:
    """`python -m deploy.grafana` writes them."""
    assert texts() == {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*"))}


def test_another_runbook_is_linked_where_the_other_was() -> None:
    here = texts("https://example.test/book")
    assert not [name for name, text in here.items() if "intranet.example.org" in text]
    assert all("https://example.test/book" in text for text in here.values())


@pytest.mark.filterwarnings("ignore:Prefer using:DeprecationWarning")
@each_dashboard
def test_grafanas_own_types_know_all_of_it(dashboard: Json) -> None:
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.dashboard import Dashboard

    again = json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))
    for link in itertools.chain(*(each.get("links", []) for each in (again, *again["panels"]))):
        assert (
            link.pop("placement", "inControlsMenu") == "inControlsMenu"
        )  # which reading puts there, and building takes away
    assert again == dashboard


@each_dashboard
def test_grafanas_own_schema_takes_it(dashboard: Json) -> None:
    """But for what Grafana writes of variables itself, though its schema does not have it."""
    schemas = json.loads(SCHEMA.read_text(encoding="utf-8"))
    classic = copy.deepcopy(dashboard)
    for variable in classic["templating"]["list"]:
        for older in ("auto", "auto_count", "auto_min", "definition"):
            variable.pop(older, None)
    valid(classic, schemas["dashboard"])
    for panel in dashboards.panels(classic):
        shown = {"options": panel["options"], "custom": panel["fieldConfig"]["defaults"].get("custom", {})}
        valid(shown, schemas[panel["type"]])


def valid(value: Json, schema: Json) -> None:
    found = jsonschema.Draft7Validator(schema).iter_errors(value)
    assert not [f"{error.json_path}: {error.message[:200]}" for error in found]


def test_each_has_a_name_of_its_own() -> None:
    assert len({each["uid"] for each in DASHBOARDS.values()}) == len(DASHBOARDS) == 3
    for each in DASHBOARDS.values():
        assert re.fullmatch("[a-z-]{8,40}", each["uid"])
        assert "id" not in each, "an id is of one Grafana alone"
        assert each["schemaVersion"] >= 36
        assert each["tags"] == ["portalwatch"]


@each_dashboard
def test_panels_have_ids_of_their_own_and_do_not_overlap(dashboard: Json) -> None:
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    taken = Counter[tuple[int, int]]()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        taken.update((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"]))
    assert set(taken.values()) == {1}
    rows = {y for _, y in taken}
    assert all(sum(taken[x, y] for x in range(24)) == 24 for y in rows), "a gap"


@each_dashboard
def test_every_panel_says_what_it_shows(dashboard: Json) -> None:
    titles = [panel["title"] for panel in dashboards.panels(dashboard)]
    assert len(set(titles)) == len(titles)
    for panel in dashboards.panels(dashboard):
        assert len(panel["description"]) > 40, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        legends = [target["legendFormat"] for target in panel["targets"]]
        assert all(legends), panel["title"]
        assert len(set(legends)) == len(legends), panel["title"]
        if panel["type"] in ("timeseries", "statetimeline"):
            assert panel["options"]["legend"]["showLegend"], panel["title"]


@each_dashboard
def test_no_datasource_is_fixed_and_every_variable_is_there(dashboard: Json) -> None:
    known = dashboards.variables(dashboard)
    found = list(sources(dashboard))
    assert found
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in found)
    assert known.pop("datasource")["type"] == "datasource"
    for name, variable in known.items():
        assert variable["multi"]
        assert variable["includeAll"], name
        assert variable["allValue"] == ".*"
    expressions = " ".join(target["expr"] for panel in dashboards.panels(dashboard) for target in panel["targets"])
    asked = set(re.findall(r"\$\{?([a-z]\w*)", expressions))
    assert asked == set(known)
    assert not re.search(r'="\$', expressions), "a variable may have several values: =~"


@each_dashboard
def test_only_colours_that_anyone_can_tell_apart(dashboard: Json) -> None:
    found = set(coloured(dashboard))
    assert found
    assert found <= PALETTE


def test_a_series_has_one_colour_in_all_panels() -> None:
    named: dict[str, set[str]] = {}
    for dashboard in DASHBOARDS.values():
        for panel in dashboards.panels(dashboard):
            for override in panel["fieldConfig"]["overrides"]:
                for told in override["properties"]:
                    if told["id"] == "color":
                        named.setdefault(override["matcher"]["options"], set()).add(told["value"]["fixedColor"])
    assert named["missed"] == {colours.BAD}
    assert {name for name, found in named.items() if len(found) > 1} == set()


@each_dashboard
def test_links_into_the_runbook_lead_somewhere(dashboard: Json) -> None:
    headings = re.findall(r"^#+ (.*)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in headings}
    linked = [link["url"] for panel in dashboards.panels(dashboard) for link in panel.get("links", [])]
    for url in linked:
        assert url.partition("#")[2] in {"", *anchors}, url


def sources(part: Any) -> Iterator[Any]:
    if isinstance(part, dict):
        if "datasource" in part:
            yield part["datasource"]
        for each in part.values():
            yield from sources(each)
    elif isinstance(part, list):
        for each in part:
            yield from sources(each)


def coloured(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("color", "fixedColor") and isinstance(value, str):
                yield value
            yield from coloured(value)
    elif isinstance(part, list):
        for each in part:
            yield from coloured(each)
