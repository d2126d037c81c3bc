"""Every query of every panel finds something, in a real Prometheus that scrapes a real worker.

The rules are those of `deploy/prometheus`, but hurried: judged every second, and the long sums, which look at each full
hour, at every fifteenth second. That changes how much they count, not of what, nor the shares that follow.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests import prometheus
from tests.brokers import Broker
from tests.deploy import dashboards, portal
from tests.deploy.dashboards import Query
from tests.e2e.cluster import Cluster, cluster
from tests.prometheus import Prometheus, Sample

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules"
SCRAPE = 1.0
Answer = tuple[Query, list[list[Sample]]]
"""A query, and by series what Grafana can draw of it."""
CHOSEN = {"workflow": ["message", "appointment"], "department": ["a", "b"], "clock": ["reply", "release"]}
"""What a reader might choose: more than one, not all."""
NUMBERS = {
    "Warnings": 1,
    "About to be missed": 1,
    "Missed and still open": 2,
    "Silent feeds": 1,
    "Kept, last day": 3 / 5,
    "Kept, 28 days": 3 / 5,
    "Below the objective, 28 days": 1,
    "Workers up": 1,
    "Workers down": 0,
    "Partitions catching up": 0,
    "Policies in force": 1,
    "Last policy refused": 0,
}
"""What stands in the panels of one number, once all has been seen."""


def hurried(folder: Path) -> list[Path]:
    """The shipped rules, for a test that lasts seconds."""
    yaml = YAML()
    changed = 0
    for path in sorted(RULES.glob("*.yml")):
        rules = yaml.load(path)
        for group in rules["groups"]:
            group["interval"] = "1s"
            for rule in group["rules"]:
                rule["expr"], found = re.subn(r"\[(\d+)d:1h\]", r"[\1d:15s]", rule["expr"])
                changed += found
        yaml.dump(rules, folder / path.name)
    assert changed == 4, "the sums over days are not as they were: is this still right?"
    return sorted(folder.glob("*.yml"))


@contextmanager
def scraped(under_test: Cluster, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus that has seen the worker before anything happened, and after."""
    worker = under_test.worker()
    worker.wait_ready()
    folder.mkdir()
    target = f"127.0.0.1:{worker.environment['PORTALWATCH_METRICS_PORT']}"
    with prometheus.running(prometheus.config([target], hurried(folder), interval=f"{SCRAPE:.0f}s")) as server:
        server.wait_for(lambda: server.query('count_over_time(up{job="portalwatch"}[1m]) > 2'))
        portal.live(under_test)
        for shown in (
            "sum(portalwatch_cycles_total) == 5",
            'sum(portalwatch_items_pending{state="missed"}) == 2',
            "sum(portalwatch_feed_silent) == 1",
            "sum(portalwatch_alerts_firing) == 4",
            "portalwatch:kept:ratio28d",
            'ALERTS{alertname="PortalwatchDeadLettersRising"}',
        ):
            server.wait_for(lambda asked=shown: server.query(asked))  # type: ignore[misc]
        time.sleep(3 * SCRAPE)
        yield server


def ask(server: Prometheus, query: Query, at: float) -> list[list[Sample]]:
    """What Grafana would be given, by series, without what it cannot draw."""
    if query.instant:
        found = [[sample] for sample in server.query(query.expression, at)]
    else:
        found = server.query_range(query.expression, at - query.span, at, query.step)
    drawn = ([sample for sample in series if math.isfinite(sample.value)] for series in found)
    return [series for series in drawn if series]


def table(answers: Iterable[Answer]) -> str:
    """Dashboard, panel, query, how many series, and the latest value of the first."""
    lines = [("dashboard", "panel", "", "series", "first", "query")]
    for query, found in answers:
        first = f"{found[0][-1].value:.4g}" if found else ""
        lines.append((query.dashboard, query.panel, query.ref, str(len(found)), first, query.expression))
    widths = [max(len(line[n]) for line in lines) for n in range(5)]
    return "\n".join("  ".join([*(f"{line[n]:{widths[n]}}" for n in range(5)), line[5]]) for line in lines)


@pytest.mark.timeout(180)
@pytest.mark.brokers("embedded")
def test_every_query_of_every_panel_finds_something(broker: Broker, tmp_path: Path, prefix: str) -> None:
    with (
        cluster(broker, prefix, tmp_path, portal.POLICY) as under_test,
        scraped(under_test, tmp_path / "rules") as server,
    ):
        at = time.time()
        for chosen, critical in (({}, 3), (CHOSEN, 2)):  # the silent feed is of no department
            boards = dashboards.load().values()
            asked = [query for board in boards for query in dashboards.queries(board, chosen, SCRAPE)]
            answers = [(query, ask(server, query, at)) for query in asked]
            told = table(answers)
            print(f"\n{told}")
            assert len(asked) > 60
            assert not [query for query, series in answers if not series], told
            last = {query.panel: series[0][-1].value for query, series in answers}
            expected = {**NUMBERS, "Critical alerts": critical}
            assert {name: last[name] for name in expected} == pytest.approx(expected)
            legends(answers)
        variables(server)


def legends(answers: Iterable[Answer]) -> None:
    """The labels that a panel shows are there, and nothing else tells one series from another."""
    for query, found in answers:
        for series in found:
            assert set(series[0].labels) >= query.labels, (query, series[0].labels)
        names = {tuple(series[0].labels[label] for label in sorted(query.labels)) for series in found}
        assert len(names) == len(found), query


def variables(server: Prometheus) -> None:
    """What a reader can choose from is there."""
    for board in dashboards.load().values():
        for name, variable in dashboards.variables(board).items():
            if variable["type"] == "query":
                of, label = re.fullmatch(r"label_values\((.*),(\w+)\)", variable["definition"]).groups()  # type: ignore[union-attr]
                found = server.query(f"group by ({label}) ({dashboards.fill(of, {'workflow': '.*'})})")
                assert all(sample.labels[label] for sample in found), name
                assert found, name
